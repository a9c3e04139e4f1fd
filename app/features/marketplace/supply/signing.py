"""Have the signing authority sign: whose identity it vouches for, what it says of them, the entry in its log.

What a developer says of an artifact is signed as a release or as an attestation. Provenance is written here, never
taken: only a service that is a trusted builder gets one, and it names the repository that the agent is known by.
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from sqlmodel import Session, select

from app.features.marketplace.errors import SayingError, UnknownError
from app.features.marketplace.parties import service_of
from app.features.marketplace.rows import AgentRow, MemberRow
from app.features.marketplace.supply import authority, statement
from app.features.marketplace.supply.attestation import ATTESTED, RELEASE
from app.features.marketplace.supply.authority_keys import AuthorityKeys
from app.features.marketplace.supply.certificate import Claims
from app.features.marketplace.supply.errors import AuthorityError
from app.features.marketplace.supply.provenance import SLSA_V1
from app.features.marketplace.supply.rows import LogEntryRow, LogHeadRow
from app.features.marketplace.supply.signing_log import Head
from app.pdp.model import Entity

BUILD: Final = "urn:omega:build:v1"
_HEAD: Final = 1
_LONGEST: Final = 200
_FIELDS: Final = frozenset({"agent", "digest", "name", "commit", "ref", "predicate_type", "predicate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wants signed.

    Attributes:
        agent: that the artifact belongs to.
        digest: of the artifact.
        name: of the file.
        commit: that it was built from, where provenance is wanted.
        ref: of that.
        attestation: predicate type and predicate, where that is wanted.
    """

    agent: str
    digest: str
    name: str
    commit: str = ""
    ref: str = ""
    attestation: tuple[str, Mapping[str, Any]] | None = None


def asked(sent: Mapping[str, Any]) -> Asked:
    """Return what `sent` asks for.

    Raises:
        SayingError: a field is missing, unknown, or has another form.
    """
    if set(sent) - _FIELDS:
        raise SayingError(f"there are fields that are not known; known are {', '.join(sorted(_FIELDS))}")
    digest = _text(sent, "digest")
    if not statement.DIGEST.fullmatch(digest):
        raise SayingError("`digest` is `sha256:` and 64 hexadecimal digits")
    found = Asked(
        agent=_text(sent, "agent"),
        digest=digest,
        name=_text(sent, "name"),
        commit=_text(sent, "commit", ""),
        ref=_text(sent, "ref", ""),
        attestation=_attestation(sent),
    )
    if found.attestation is not None and found.commit:
        raise SayingError("`commit` is of provenance, and `predicate` of an attestation: only one of them is signed")
    return found


def identity_of(keys: AuthorityKeys, sender: Entity, developer: str) -> str:
    """Return the URI that stands in a certificate: of the service, or of the developer that a person acts for.

    A person's own id never stands there: what is logged cannot be forgotten.
    """
    return _service(keys, sender.id) if sender.type == "service" else _developer(keys, developer)


def identities_of(session: Session, keys: AuthorityKeys, developer: str) -> frozenset[str]:
    """Return every URI that `identity_of` may give for `developer`: its own, and those of services that act for it."""
    members = session.exec(select(MemberRow.account).where(MemberRow.party == developer))
    services = (service_of(account) for account in members)
    return frozenset({_developer(keys, developer), *(_service(keys, each) for each in services if each)})


def _developer(keys: AuthorityKeys, developer: str) -> str:
    return f"{keys.name}/developers/{quote(developer, safe='')}"


def _service(keys: AuthorityKeys, service: str) -> str:
    return f"{keys.name}/services/{quote(service, safe='')}"


def described(session: Session, wanted: Asked, builder: str, *, lock: bool = False) -> Entity:
    """Return what is to be signed, as policy sees it.

    Raises:
        UnknownError: there is no such agent.
    """
    row = session.get(AgentRow, wanted.agent, with_for_update=lock or None)
    if row is None:
        raise UnknownError("there is no such agent")
    return Entity(
        type="artifact",
        id=wanted.digest,
        properties={
            "agent": row.id,
            "developer": row.developer,
            "provenance": bool(wanted.commit),
            "builder": builder,
        },
    )


def sign(  # noqa: PLR0913 - what is signed, by whom, for which decision, when
    session: Session, keys: AuthorityKeys, wanted: Asked, identity: str, *, decision_id: str, at: int
) -> dict[str, Any]:
    """Return the bundle, once the log has its entry in the same transaction.

    Raises:
        UnknownError: there is no such agent.
        AuthorityError: the log has no head.
    """
    row = session.get(AgentRow, wanted.agent)
    if row is None:
        raise UnknownError("there is no such agent")
    head = session.get(LogHeadRow, _HEAD, with_for_update=True)
    if head is None:
        raise AuthorityError("the log of the signing authority has no head")
    claims = _claims(keys, wanted, identity, row.repository)
    bundle, logged = authority.sign(
        keys,
        Head(size=head.size, peaks=tuple(map(bytes.fromhex, head.peaks))),
        _statement(wanted, claims),
        claims,
        at,
    )
    session.add(
        LogEntryRow(
            number=head.size,
            leaf=logged.leaf.hex(),
            body=b64decode(logged.entry["canonicalizedBody"]).decode(),
            digest=wanted.digest,
            identity=identity,
            logged_at=at,
            decision_id=decision_id,
        )
    )
    head.size, head.peaks = logged.head.size, [peak.hex() for peak in logged.head.peaks]
    session.add(head)
    return bundle


def _claims(keys: AuthorityKeys, wanted: Asked, identity: str, repository: str) -> Claims:
    built = bool(wanted.commit)
    return Claims(
        identity=identity,
        issuer=keys.name,
        builder=identity if built else "",
        runner="",
        source=repository if built else "",
        commit=wanted.commit,
        ref=wanted.ref if built else "",
        since=0,
    )


def _statement(wanted: Asked, claims: Claims) -> dict[str, Any]:
    kind, predicate = wanted.attestation or _written(wanted, claims)
    return {
        "_type": statement.TYPE,
        "subject": [{"name": wanted.name, "digest": {"sha256": wanted.digest.removeprefix("sha256:")}}],
        "predicateType": kind,
        "predicate": predicate,
    }


def _written(wanted: Asked, claims: Claims) -> tuple[str, dict[str, Any]]:
    if not wanted.commit:
        return RELEASE, {"purl": f"pkg:generic/{quote(wanted.agent, safe='')}"}
    uri = f"git+{claims.source}@{claims.ref}" if claims.ref else f"git+{claims.source}"
    source = {"uri": uri, "digest": {"gitCommit": claims.commit}}
    return SLSA_V1, {
        "buildDefinition": {
            "buildType": BUILD,
            "externalParameters": {"source": source},
            "resolvedDependencies": [source],
        },
        "runDetails": {"builder": {"id": claims.builder}},
    }


def _attestation(sent: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    kind, predicate = sent.get("predicate_type"), sent.get("predicate")
    if kind is None and predicate is None:
        return None
    if not isinstance(kind, str) or kind not in ATTESTED:
        raise SayingError(f"`predicate_type` is one of {', '.join(sorted(ATTESTED))}")
    if not isinstance(predicate, dict):
        raise SayingError("`predicate` is an object")
    return kind, predicate


def _text(sent: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = sent.get(name, default)
    if not isinstance(value, str) or len(value) > _LONGEST or (default is None and not value):
        raise SayingError(f"`{name}` is a text of at most {_LONGEST} characters")
    return value
