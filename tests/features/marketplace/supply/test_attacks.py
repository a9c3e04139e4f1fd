"""What somebody may try with bundles of a private Sigstore. Each is refused for what it is."""

import json
from base64 import b64decode, b64encode
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier, policy

from app.features.marketplace.supply import authority
from app.features.marketplace.supply.bundle import MAX_BUNDLE, parse_bundle
from app.features.marketplace.supply.errors import SupplyError
from app.features.marketplace.supply.pep740 import as_bundle
from app.features.marketplace.supply.statement import parse_statement
from app.features.marketplace.supply.trust import Trust
from app.features.marketplace.supply.verifying import Expected, verify_artifact, verify_bundle, verify_statement
from tests.features.marketplace.supply.signing import (
    AT,
    BUILDER,
    BUILDERS,
    COMMIT,
    DIGEST,
    NAME,
    REPOSITORY,
    instance,
    provenance,
    statement,
)

pytestmark = pytest.mark.usefixtures("no_network")

SBOM = "https://cyclonedx.org/bom"
TESTS = "https://in-toto.io/attestation/test-result/v0.1"
EXPECTED = Expected(repository=REPOSITORY, name="agent.tar", version="1.0.0")


@pytest.fixture(scope="module")
def sigstore(tmp_path_factory):
    made = instance(tmp_path_factory.mktemp("authority"))
    for _ in range(5):
        made.signed()
    return made


@pytest.fixture(scope="module")
def good(sigstore):
    return sigstore.signed()


def verified(sigstore, bundle, digest=DIGEST, expected=EXPECTED, builders=BUILDERS):
    return verify_artifact(digest, bundle, sigstore.trust, builders, expected)


def refused(sigstore, bundle, **said):
    with pytest.raises(SupplyError) as caught:
        verified(sigstore, bundle, **said)
    return caught.value


def test_the_stock_verifier_of_sigstore_takes_its_bundles(sigstore, tmp_path):
    path = tmp_path / "trusted_root.json"
    path.write_text(authority.own_root(sigstore.keys).document)
    verifier = Verifier(trusted_root=TrustedRoot.from_file(str(path)))
    for _ in range(9):
        whose = policy.AllOf(
            [policy.Identity(identity=BUILDER, issuer=NAME), policy.OIDCSourceRepositoryURI(REPOSITORY)]
        )
        _, payload = verifier.verify_dsse(Bundle.from_json(sigstore.signed()), whose)
        assert orjson.loads(payload) == statement()


def test_a_good_bundle(sigstore, good):
    found = verified(sigstore, good)
    assert (found.builder, found.source, found.commit, found.level) == (BUILDER, REPOSITORY, COMMIT, 3)
    assert (found.identity, found.issuer, found.logged_at) == (BUILDER, NAME, AT)


# who lies


def test_a_correctly_signed_bundle_that_lies_about_its_builder(sigstore):
    own = "https://omega.example/acme/malicious.yml@refs/heads/main"
    lie = sigstore.signed(statement(predicate=provenance(builder=BUILDER)), builder=own, identity=own)
    assert verify_bundle(lie, sigstore.trust).statement.predicate["runDetails"]["builder"]["id"] == BUILDER
    found = refused(sigstore, lie)
    assert (found.code, found.seen, found.expected) == ("builder_differs", BUILDER, own)


def test_a_builder_that_tells_the_truth_and_is_not_trusted_has_level_0(sigstore):
    own = "https://omega.example/acme/own.yml@refs/heads/main"
    truth = sigstore.signed(statement(predicate=provenance(builder=own)), builder=own, identity=own)
    assert verified(sigstore, truth).level == 0


def test_a_certificate_without_a_builder_cannot_have_one_by_its_predicate(sigstore):
    found = refused(sigstore, sigstore.signed(builder=""))
    assert (found.code, found.seen, found.expected) == ("builder_differs", BUILDER, "none")


def test_a_provenance_that_names_no_builder(sigstore):
    assert refused(sigstore, sigstore.signed(statement(predicate={"a": 1}))).code == "builder_differs"


@pytest.mark.parametrize(
    ("predicate", "code"),
    [
        (provenance(source="https://git.omega.example/acme/other"), "source_differs"),
        (provenance(commit="b" * 40), "commit_differs"),
    ],
)
def test_a_predicate_that_names_another_source_or_commit(sigstore, predicate, code):
    assert refused(sigstore, sigstore.signed(statement(predicate=predicate))).code == code


def test_provenance_of_the_older_form_has_to_agree_too(sigstore):
    def older(commit=COMMIT, source=REPOSITORY):
        uri = f"git+{source}@refs/tags/v1.0.0"
        said = {"builder": {"id": BUILDER}, "invocation": {"configSource": {"uri": uri, "digest": {"sha1": commit}}}}
        return sigstore.signed(statement(predicate=said, kind="https://slsa.dev/provenance/v0.2"))

    assert verified(sigstore, older()).level == 3
    assert refused(sigstore, older(commit="b" * 40)).code == "commit_differs"
    assert refused(sigstore, older(source="https://git.omega.example/acme/other")).code == "source_differs"


@pytest.mark.parametrize(
    ("uri", "runner", "level"),
    [
        ("https://github.com/o/b/.github/workflows/b.yml@refs/tags/v1.2.3", "github-hosted", 3),
        ("https://github.com/o/b/.github/workflows/b.yml@refs/tags/v1.2.3", "self-hosted", 0),
        ("https://github.com/o/b/.github/workflows/b.yml@refs/heads/main", "github-hosted", 2),
        ("https://github.com/o/b/.github/workflows/b.yml@refs/tags/v1.2.3-evil", "self-hosted", 0),
        ("https://github.com/o/b/.github/workflows/c.yml@refs/tags/v1.2.3", "", 0),
        ("https://github.com/o/c.yml@refs/heads/main", "self-hosted", 1),
    ],
)
def test_the_level_is_that_of_the_builder_in_the_certificate(sigstore, uri, runner, level):
    builders = {
        "https://github.com/o/b/.github/workflows/b.yml": 3,
        "https://github.com/o/c.yml@refs/heads/main": 1,
        f"{NAME}#github-hosted": 2,
    }
    bundle = sigstore.signed(
        statement(predicate=provenance(builder=uri)), builder=uri, identity="https://x.example/", runner=runner
    )
    assert verified(sigstore, bundle, builders=builders).level == level


# another artifact, another signer, another time


def test_a_swapped_artifact(sigstore, good):
    assert refused(sigstore, good, digest="sha256:" + "00" * 32).code == "other_artifact"


def test_a_renamed_artifact(sigstore, good):
    assert refused(sigstore, good, expected=replace(EXPECTED, name="other.tar")).code == "renamed_artifact"


def test_the_right_build_of_another_repository(sigstore):
    other = "https://git.omega.example/evil/invoice-reader"
    bundle = sigstore.signed(statement(predicate=provenance(source=other)), source=other)
    found = refused(sigstore, bundle)
    assert (found.code, found.seen, found.expected) == ("wrong_source", other, REPOSITORY)


def test_an_issuer_that_the_root_does_not_vouch_for(sigstore):
    found = refused(sigstore, sigstore.signed(issuer="https://token.example"))
    assert (found.code, found.seen, found.expected) == ("wrong_issuer", "https://token.example", NAME)


def test_a_developer_signs_for_their_own_agent_alone(sigstore):
    own = f"{NAME}/developers/acme"
    bundle = sigstore.signed(
        statement(predicate={}, kind="https://in-toto.io/attestation/release/v0.1"),
        identity=own, builder="", source="", commit="", ref="",
    )  # fmt: skip
    found = verified(sigstore, bundle, expected=replace(EXPECTED, identities=frozenset({own})))
    assert (found.level, found.identity, found.builder) == (0, own, "")
    found = refused(sigstore, bundle, expected=replace(EXPECTED, identities=frozenset({f"{NAME}/developers/globex"})))
    assert (found.code, found.seen) == ("wrong_identity", own)
    assert refused(sigstore, bundle).code == "wrong_identity"


def test_a_bundle_of_another_instance_with_the_same_name(sigstore, tmp_path):
    other = instance(tmp_path / "other")
    assert refused(sigstore, other.signed()).code == "foreign_instance"


def test_a_certificate_of_one_instance_with_the_log_of_another(sigstore, tmp_path):
    other = instance(tmp_path / "other")
    mixed = orjson.loads(other.signed())
    entry = orjson.loads(sigstore.signed())["verificationMaterial"]["tlogEntries"]
    mixed["verificationMaterial"]["tlogEntries"] = entry
    both = Trust(roots=(sigstore.root, other.root))
    with pytest.raises(SupplyError, match="foreign_certificate"):
        verify_bundle(orjson.dumps(mixed), both)


@pytest.mark.parametrize(("seconds", "holds"), [(0, True), (600, True), (601, False), (3_600, False), (-1, False)])
def test_a_certificate_holds_for_ten_minutes(sigstore, seconds, holds):
    bundle = sigstore.signed(logged_at=AT + seconds)
    if holds:
        assert verified(sigstore, bundle).logged_at == AT + seconds
    else:
        assert refused(sigstore, bundle).code == "certificate_expired"


def test_the_bundle_of_an_older_version_is_not_that_of_the_next_one(sigstore, good):
    next_one = replace(EXPECTED, version="1.1.0")
    found = refused(sigstore, good, expected=next_one)
    assert (found.code, found.seen, found.expected) == ("other_version", "v1.0.0", "1.1.0")
    assert refused(sigstore, good, expected=replace(EXPECTED, after=AT)).code == "replayed"
    branch = sigstore.signed(ref="refs/heads/main")
    assert verified(sigstore, branch, expected=next_one).level == 3
    assert refused(sigstore, branch, expected=replace(next_one, after=AT)).code == "replayed"


# who changes what was signed


def test_a_broken_inclusion_proof(sigstore, good):
    document = orjson.loads(good)
    proof = document["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]
    assert len(proof["hashes"]) > 0
    proof["hashes"][0] = b64encode(bytes(32)).decode()
    assert refused(sigstore, orjson.dumps(document)).code == "broken_inclusion_proof"


def test_a_missing_log_entry(sigstore, good):
    document = orjson.loads(good)
    document["verificationMaterial"]["tlogEntries"] = []
    assert refused(sigstore, orjson.dumps(document)).code == "missing_log_entry"
    del document["verificationMaterial"]["tlogEntries"]
    assert refused(sigstore, orjson.dumps(document)).code == "missing_log_entry"


def test_the_log_entry_of_another_bundle(sigstore, good):
    document, other = orjson.loads(good), orjson.loads(sigstore.signed())
    document["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"]
    assert refused(sigstore, orjson.dumps(document)).code == "tampered"


def rewritten(bundle, change):
    document = orjson.loads(bundle)
    said = orjson.loads(b64decode(document["dsseEnvelope"]["payload"]))
    change(said)
    document["dsseEnvelope"]["payload"] = b64encode(orjson.dumps(said)).decode()
    return orjson.dumps(document)


def test_a_tampered_statement(sigstore, good):
    def swap(said):
        said["subject"][0]["digest"]["sha256"] = "00" * 32

    assert refused(sigstore, rewritten(good, swap), digest="sha256:" + "00" * 32).code == "tampered"


@pytest.mark.parametrize(
    ("kind", "predicate"),
    [(SBOM, {"bomFormat": "CycloneDX", "components": []}), (TESTS, {"result": "FAILED"})],
)
def test_a_tampered_attestation(sigstore, kind, predicate):
    bundle = sigstore.signed(statement(predicate=predicate, kind=kind))
    assert verify_statement(DIGEST, bundle, sigstore.trust, kind, {BUILDER}) == predicate

    def change(said):
        said["predicate"] = {"result": "PASSED"}

    with pytest.raises(SupplyError, match="tampered"):
        verify_statement(DIGEST, rewritten(bundle, change), sigstore.trust, kind, {BUILDER})


def test_an_attestation_about_another_artifact(sigstore):
    bundle = sigstore.signed(statement(digest="sha256:" + "11" * 32, predicate={}, kind=SBOM))
    with pytest.raises(SupplyError, match="other_artifact"):
        verify_statement(DIGEST, bundle, sigstore.trust, SBOM, {BUILDER})


def test_an_attestation_that_nobody_may_sign(sigstore):
    bundle = sigstore.signed(statement(predicate={}, kind=SBOM))
    with pytest.raises(SupplyError, match=r"wrong_signer.*expected `nobody`"):
        verify_statement(DIGEST, bundle, sigstore.trust, SBOM, ())


# what cannot be read


def test_an_oversized_bundle_is_refused_before_it_is_read(sigstore):
    assert refused(sigstore, b" " * (MAX_BUNDLE + 1)).code == "too_large"
    assert refused(sigstore, b"[" * (MAX_BUNDLE + 1)).code == "too_large"


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_a_deep_bundle(sigstore, opening):
    assert refused(sigstore, opening * 100_000).code == "malformed_bundle"


def test_a_deep_statement(sigstore):
    deep = {}
    for _ in range(100):
        deep = {"a": deep}
    assert refused(sigstore, sigstore.signed(statement(predicate=deep))).code == "malformed_statement"


@pytest.mark.parametrize(
    "said",
    [
        [],
        {"_type": "https://example.org/Statement"},
        statement() | {"subject": {}},
        statement() | {"subject": [{"name": "agent.tar"}]},
        statement() | {"subject": [{"digest": {"sha256": "AB" * 32}}], "predicate": 1},
        statement() | {"predicate": []},
    ],
)
def test_what_is_no_statement(sigstore, said):
    assert refused(sigstore, sigstore.signed(said or [1])).code == "malformed_statement"


def test_a_subject_by_another_digest_alone_is_none_of_ours(sigstore):
    said = statement() | {"subject": [{"name": "agent.tar", "digest": {"sha512": "ab" * 64}}]}
    assert refused(sigstore, sigstore.signed(said)).code == "other_artifact"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(data=st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_no_parser_raises_another_error_on_whatever_bytes(data):
    for parser in (parse_bundle, parse_statement, as_bundle):
        with pytest.raises(SupplyError):
            parser(data)


PATHS = (
    ("mediaType",),
    ("verificationMaterial",),
    ("verificationMaterial", "certificate"),
    ("verificationMaterial", "certificate", "rawBytes"),
    ("verificationMaterial", "tlogEntries"),
    ("verificationMaterial", "tlogEntries", 0),
    ("verificationMaterial", "tlogEntries", 0, "logIndex"),
    ("verificationMaterial", "tlogEntries", 0, "logId"),
    ("verificationMaterial", "tlogEntries", 0, "logId", "keyId"),
    ("verificationMaterial", "tlogEntries", 0, "kindVersion"),
    ("verificationMaterial", "tlogEntries", 0, "kindVersion", "kind"),
    ("verificationMaterial", "tlogEntries", 0, "integratedTime"),
    ("verificationMaterial", "tlogEntries", 0, "inclusionPromise"),
    ("verificationMaterial", "tlogEntries", 0, "inclusionProof"),
    ("verificationMaterial", "tlogEntries", 0, "inclusionProof", "hashes"),
    ("verificationMaterial", "tlogEntries", 0, "inclusionProof", "treeSize"),
    ("verificationMaterial", "tlogEntries", 0, "inclusionProof", "checkpoint"),
    ("verificationMaterial", "tlogEntries", 0, "inclusionProof", "checkpoint", "envelope"),
    ("verificationMaterial", "tlogEntries", 0, "canonicalizedBody"),
    ("dsseEnvelope",),
    ("dsseEnvelope", "payload"),
    ("dsseEnvelope", "signatures"),
    ("dsseEnvelope", "signatures", 0, "sig"),
)


@given(path=st.sampled_from(PATHS), value=json_values)
def test_a_good_bundle_with_anything_else_at_any_place_is_refused_by_our_error_alone(sigstore, good, path, value):
    document = orjson.loads(good)
    found = document
    for step in path[:-1]:
        found = found[step]
    if found[path[-1]] == value:
        return
    found[path[-1]] = value
    try:
        data = orjson.dumps(document)
    except TypeError:  # an integer that no JSON of ours has
        return
    with pytest.raises(SupplyError):
        verify_bundle(data, sigstore.trust)
