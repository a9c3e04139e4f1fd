"""Bundles that others signed, verified without a network: what holds is accepted, and nothing else."""

import json
from base64 import b64decode, b64encode
from importlib import resources

import orjson
import pytest

from app.features.marketplace.supply.errors import SupplyError
from app.features.marketplace.supply.pep740 import as_bundle
from app.features.marketplace.supply.trust import load_root
from app.features.marketplace.supply.verifying import Expected, verify_artifact, verify_bundle, verify_statement
from tests.features.marketplace.supply.vouching import (
    BUILDERS,
    GITHUB,
    MODELS,
    PUBLISHED,
    SLSA,
    STAGED,
    TRUST,
    Published,
    assets,
)

pytestmark = pytest.mark.usefixtures("no_network")


def expected(published, **changed):
    given = {"repository": published.source, "identities": frozenset({published.identity}), "name": published.name}
    return Expected(**(given | changed))


def verified(published, digest=None, bundle=None, **changed):
    return verify_artifact(
        digest or published.digest, bundle or published.bundle, TRUST, BUILDERS, expected(published, **changed)
    )


def refused(published, **changed):
    with pytest.raises(SupplyError) as caught:
        verified(published, **changed)
    return caught.value


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda each: each.attestation)
def test_a_bundle_of_somebody_else_is_accepted_offline(published):
    found = verified(published)
    assert found.level == published.level
    assert found.logged_at > 1_700_000_000


def test_builder_source_commit_and_level_are_those_of_the_certificate():
    found = verified(SLSA, version="0.0.19")
    assert found.builder == f"{SLSA.source}/.github/workflows/release.yml@refs/tags/v0.0.19"
    assert (found.source, found.commit) == (SLSA.source, "08802efe1f8e5fec4ad842d6b8ce97656092ee72")
    assert found.issuer == "https://token.actions.githubusercontent.com"
    assert found.level == 2


def test_whoever_trusts_no_builder_finds_level_0():
    assert verify_artifact(SLSA.digest, SLSA.bundle, TRUST, {}, expected(SLSA)).level == 0


def test_another_artifact():
    found = refused(SLSA, digest="sha256:" + "ab" * 32)
    assert (found.code, found.seen, found.expected) == ("other_artifact", SLSA.digest, "sha256:" + "ab" * 32)


def test_a_renamed_artifact():
    found = refused(SLSA, name="pypi_attestations-0.0.20.tar.gz")
    assert (found.code, found.seen) == ("renamed_artifact", GITHUB)


def test_another_repository():
    found = refused(SLSA, repository="https://github.com/evil/pypi-attestations")
    assert (found.code, found.seen) == ("wrong_source", SLSA.source)
    assert found.expected == "https://github.com/evil/pypi-attestations"


def test_an_identity_that_nobody_expects_where_the_certificate_names_no_source():
    (google,) = [each for each in PUBLISHED if each.identity]
    found = refused(google, identities=frozenset({"somebody@example.org"}))
    assert (found.code, found.seen, found.expected) == ("wrong_identity", google.identity, "somebody@example.org")


def test_a_bundle_for_the_tag_of_another_version_is_refused():
    found = refused(SLSA, version="0.0.20")
    assert (found.code, found.seen, found.expected) == ("other_version", "v0.0.19", "0.0.20")


def test_a_bundle_that_was_logged_before_the_newest_release_is_refused():
    at = verified(SLSA).logged_at
    assert verified(SLSA, after=at - 1).logged_at == at
    assert refused(SLSA, after=at).code == "replayed"


def test_an_issuer_that_is_not_trusted_is_refused():
    document = resources.files("sigstore._store").joinpath(
        "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev", "trusted_root.json"
    )
    root = load_root(document.read_text(), "public-good", frozenset({"https://accounts.google.com"}))
    trust = type(TRUST)(roots=(root,))
    with pytest.raises(SupplyError, match=r"wrong_issuer.*token\.actions\.githubusercontent\.com"):
        verify_bundle(SLSA.bundle, trust)


@pytest.mark.parametrize("of", ["publish.attestation", "sigstore"])
def test_a_bundle_of_another_instance_is_refused_and_accepted_where_its_root_is_pinned(of):
    staged = Published(STAGED, f"{STAGED}.{of}", "", identity="william@yossarian.net")
    found = refused(staged)
    assert found.code == "foreign_instance"
    assert found.expected == "public-good"
    document = resources.files("sigstore._store").joinpath(
        "https%3A%2F%2Ftuf-repo-cdn.sigstage.dev", "trusted_root.json"
    )
    pinned = type(TRUST)(
        roots=(load_root(document.read_text(), "staging", frozenset({"https://github.com/login/oauth"})),)
    )
    assert verify_bundle(staged.bundle, pinned).statement.subjects.keys() == {staged.digest}


def test_an_attestation_is_taken_from_its_signer_alone():
    publish = "https://docs.pypi.org/attestations/publish/v1"
    bundle = PUBLISHED[1].bundle
    workflow = f"{SLSA.source}/.github/workflows/release.yml"
    assert verify_statement(SLSA.digest, bundle, TRUST, publish, {workflow}) == {}
    assert verify_statement(SLSA.digest, bundle, TRUST, publish, {f"{workflow}@refs/tags/v0.0.19"}) == {}
    with pytest.raises(SupplyError, match="wrong_signer") as caught:
        verify_statement(SLSA.digest, bundle, TRUST, publish, {f"{workflow}@refs/tags/v0.0.20"})
    assert caught.value.seen == f"{workflow}@refs/tags/v0.0.19"
    with pytest.raises(SupplyError, match="other_predicate"):
        verify_statement(SLSA.digest, bundle, TRUST, "https://cyclonedx.org/bom", {workflow})


def changed_at(bundle, *path, by):
    document = orjson.loads(bundle)
    *above, last = path
    found = document
    for step in above:
        found = found[step]
    found[last] = by(found[last])
    return orjson.dumps(document)


def flipped(encoded):
    data = bytearray(b64decode(encoded))
    data[-1] ^= 1
    return b64encode(data).decode()


def renamed(encoded):
    return b64encode(b64decode(encoded).replace(b"0.0.19", b"0.0.20")).decode()


def respelt(note):
    return note.replace("rekor", "rokor")


ENTRY = ("verificationMaterial", "tlogEntries", 0)


@pytest.mark.parametrize(
    ("path", "by", "code"),
    [
        (("dsseEnvelope", "signatures", 0, "sig"), flipped, "tampered"),
        (("dsseEnvelope", "payload"), renamed, "tampered"),
        (("dsseEnvelope", "payloadType"), lambda _: "text/plain", "tampered"),
        ((*ENTRY, "inclusionProof", "hashes", 0), flipped, "broken_inclusion_proof"),
        ((*ENTRY, "inclusionProof", "rootHash"), flipped, "broken_inclusion_proof"),
        ((*ENTRY, "inclusionProof", "checkpoint", "envelope"), respelt, "broken_inclusion_proof"),
        ((*ENTRY, "inclusionPromise", "signedEntryTimestamp"), flipped, "broken_inclusion_promise"),
        ((*ENTRY, "integratedTime"), lambda text: str(int(text) + 86_400), "certificate_expired"),
        ((*ENTRY, "integratedTime"), lambda text: str(int(text) + 1), "broken_inclusion_promise"),
        ((*ENTRY, "canonicalizedBody"), flipped, "broken_inclusion_proof"),
        (("verificationMaterial", "tlogEntries"), lambda _: [], "missing_log_entry"),
        (("verificationMaterial", "tlogEntries"), lambda entries: entries * 2, "malformed_bundle"),
        (("verificationMaterial", "certificate", "rawBytes"), flipped, "foreign_certificate"),
    ],
)  # fmt: skip
def test_a_bundle_that_was_tampered_with_is_refused_for_what_was_done(path, by, code):
    assert refused(SLSA, bundle=changed_at(SLSA.bundle, *path, by=by)).code == code


def test_the_promise_of_the_log_cannot_be_left_out_to_choose_the_time():
    document = orjson.loads(SLSA.bundle)
    del document["verificationMaterial"]["tlogEntries"][0]["inclusionPromise"]
    assert refused(SLSA, bundle=orjson.dumps(document)).code == "malformed_bundle"


def test_what_is_no_attestation_of_pypi_is_no_bundle():
    with pytest.raises(SupplyError, match="malformed_bundle"):
        as_bundle(b'{"version": 2}')
    document = json.loads((assets() / f"{MODELS}.attestation").read_bytes())
    with pytest.raises(SupplyError, match="malformed_bundle"):
        as_bundle(json.dumps(document | {"version": 2}).encode())
