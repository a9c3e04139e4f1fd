"""A private Sigstore of the tests: the product's own authority, asked for what the product would never ask it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256

import orjson

from app.features.marketplace.supply import authority, authority_keys
from app.features.marketplace.supply.authority_keys import AuthorityKeys
from app.features.marketplace.supply.certificate import Claims
from app.features.marketplace.supply.signing_log import Head
from app.features.marketplace.supply.trust import Trust, load_root

START = 1_795_000_000
AT = START + 356_000
NAME = "https://omega.example/marketplace"
REPOSITORY = "https://git.omega.example/acme/invoice-reader"
BUILDER = f"{NAME}/services/builder"
COMMIT = "a" * 40
ARTIFACT = b"the bytes of an agent"
DIGEST = f"sha256:{sha256(ARTIFACT).hexdigest()}"
BUILDERS = {BUILDER: 3}
CLAIMS = Claims(
    identity=BUILDER,
    issuer=NAME,
    builder=BUILDER,
    runner="",
    source=REPOSITORY,
    commit=COMMIT,
    ref="refs/tags/v1.0.0",
    since=0,
)


def provenance(builder=BUILDER, source=REPOSITORY, commit=COMMIT):
    return {
        "buildDefinition": {
            "buildType": "https://omega.example/build",
            "externalParameters": {"workflow": {"repository": source}},
            "resolvedDependencies": [
                {"uri": f"git+{source}@refs/tags/v1.0.0", "digest": {"gitCommit": commit}},
                {"uri": "pkg:pypi/idna@3.7", "digest": {"sha256": "ab" * 32}},
            ],
        },
        "runDetails": {"builder": {"id": builder}},
    }


def statement(digest=DIGEST, predicate=None, kind="https://slsa.dev/provenance/v1", name="agent.tar"):
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}}],
        "predicateType": kind,
        "predicate": provenance() if predicate is None else predicate,
    }


@dataclass
class Instance:
    """One private Sigstore with its log."""

    keys: AuthorityKeys
    head: Head = field(default_factory=Head)

    @property
    def root(self):
        own = authority.own_root(self.keys)
        return load_root(own.document, "private", frozenset({own.issuer}))

    @property
    def trust(self):
        return Trust(roots=(self.root,))

    def signed(self, said=None, *, at=AT, logged_at=None, **claims):
        """Return the bundle of a statement, whose certificate says what `claims` change."""
        bundle, logged = authority.sign(
            self.keys, self.head, said or statement(), replace(CLAIMS, **claims), at, logged_at=logged_at
        )
        self.head = logged.head
        return orjson.dumps(bundle)


def instance(directory, name=NAME):
    directory.mkdir(mode=0o700, exist_ok=True)
    return Instance(authority_keys.make(directory, name, lambda: datetime.fromtimestamp(START, UTC)))
