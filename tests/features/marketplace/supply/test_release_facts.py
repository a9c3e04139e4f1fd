"""What a policy is told of a release's signatures."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.marketplace.errors import MarketDataError
from app.features.marketplace.supply.attestation import SBOM, SOAK, TEST_RESULT, soak
from app.features.marketplace.supply.errors import SupplyError
from app.features.marketplace.supply.release_facts import Judging, attesters, vouched
from app.features.marketplace.supply.verifying import Expected
from tests.features.marketplace.supply.signing import (
    AT,
    BUILDER,
    COMMIT,
    DIGEST,
    NAME,
    REPOSITORY,
    instance,
    provenance,
    statement,
)
from tests.features.marketplace.supply.vouching import DATA

pytestmark = pytest.mark.usefixtures("no_network")

OTHER = f"{NAME}/services/other-builder"
BUILDERS = {BUILDER: 3, OTHER: 2}
DEVELOPER = f"{NAME}/developers/acme"
DAY = {"startedAt": AT - 90_000, "endedAt": AT - 3_600, "p95LatencyMs": 840}


@pytest.fixture(scope="module")
def sigstore(tmp_path_factory):
    return instance(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def judging(sigstore):
    return Judging(
        trust=sigstore.trust,
        builders=BUILDERS,
        attesters=attesters(DATA),
        expected=Expected(repository=REPOSITORY, identities=frozenset({DEVELOPER})),
        highest=3,
    )


def built(sigstore, builder=BUILDER, commit=COMMIT):
    return sigstore.signed(
        statement(predicate=provenance(builder=builder, commit=commit)),
        identity=builder,
        builder=builder,
        commit=commit,
    )


def test_everything_that_can_be_proved(sigstore, judging):
    others = [
        built(sigstore, OTHER),
        sigstore.signed(statement(predicate=DAY, kind=SOAK)),
        sigstore.signed(statement(predicate={"result": "PASSED"}, kind=TEST_RESULT)),
        sigstore.signed(statement(predicate={"bomFormat": "CycloneDX"}, kind=SBOM), identity=DEVELOPER, builder=""),
    ]
    found = vouched(DIGEST, built(sigstore), others, judging)
    assert found.facts() == {
        "signature": {"verified": True},
        "provenance": {"verified": True, "slsa_level": 3},
        "build": {"reproducible": True},
        "trust_not_lowered": True,
        "soak": {"hours": 24.0},
        "performance": {"p95_latency_ms": 840.0},
    }
    assert (found.problems, found.rebuilt.builder) == ({}, OTHER)
    assert found.attestations == {
        SOAK: DAY,
        TEST_RESULT: {"result": "PASSED"},
        SBOM: {"bomFormat": "CycloneDX"},
    }


def test_nothing_is_proved_by_nothing(judging):
    found = vouched(DIGEST, None, [], judging)
    assert found.facts() == {
        "signature": {"verified": False},
        "provenance": {"verified": False, "slsa_level": 0},
        "build": {"reproducible": False},
        "trust_not_lowered": False,
        "soak": {"hours": 0},
        "performance": {"p95_latency_ms": 1_000_000.0},
    }
    assert found.problems == {"signature": "no bundle came with it"}


def test_a_release_may_not_be_trusted_less_than_the_last_one(sigstore, judging):
    lower = vouched(DIGEST, built(sigstore, OTHER), [], judging)
    assert (lower.level, lower.facts()["trust_not_lowered"]) == (2, False)
    assert vouched(DIGEST, built(sigstore, OTHER), [], replace(judging, highest=2)).facts()["trust_not_lowered"]
    signed = sigstore.signed(
        statement(predicate={}, kind="https://in-toto.io/attestation/release/v0.1"),
        identity=DEVELOPER, builder="", source="", commit="", ref="",
    )  # fmt: skip
    bare = vouched(DIGEST, signed, [], judging)
    assert bare.facts()["signature"] == {"verified": True}
    assert bare.facts()["provenance"] == {"verified": False, "slsa_level": 0}
    assert bare.facts()["trust_not_lowered"] is False
    assert vouched(DIGEST, signed, [], replace(judging, highest=0)).facts()["trust_not_lowered"] is True


def test_a_lie_about_the_builder_proves_nothing_and_the_reason_is_said(sigstore, judging):
    lie = sigstore.signed(statement(), identity=OTHER, builder=OTHER)
    found = vouched(DIGEST, lie, [], judging)
    assert found.facts()["signature"] == {"verified": False}
    assert found.problems["signature"].startswith("builder_differs")
    assert OTHER in found.problems["signature"]
    assert BUILDER in found.problems["signature"]


@pytest.mark.parametrize(
    ("again", "reason"),
    [
        ({"builder": BUILDER}, "same_builder"),
        ({"builder": f"{NAME}/services/stranger"}, "untrusted_builder"),
        ({"builder": OTHER, "commit": "b" * 40}, "commit_differs"),
    ],
)
def test_a_second_build_that_is_not_independent_or_of_something_else(sigstore, judging, again, reason):
    found = vouched(DIGEST, built(sigstore), [built(sigstore, **again)], judging)
    assert found.facts()["build"] == {"reproducible": False}
    assert found.problems["rebuild"].startswith(reason)


def test_two_workflows_of_a_developer_on_the_same_hosted_runners_are_one_builder(sigstore, judging):
    def on_runners(path):
        uri = f"https://git.example/acme/{path}@refs/tags/v1.0.0"
        return sigstore.signed(
            statement(predicate=provenance(builder=uri)), identity=uri, builder=uri, runner="github-hosted"
        )

    by_issuer = replace(judging, builders={f"{NAME}#github-hosted": 2})
    found = vouched(DIGEST, on_runners("one.yml"), [on_runners("two.yml")], by_issuer)
    assert found.level == 2
    assert found.problems["rebuild"].startswith("same_builder")


def test_a_second_build_of_other_bytes_reproduces_nothing(sigstore, judging):
    other = sigstore.signed(
        statement(digest="sha256:" + "11" * 32, predicate=provenance(builder=OTHER)), identity=OTHER, builder=OTHER
    )
    found = vouched(DIGEST, built(sigstore), [other], judging)
    assert found.problems["rebuild"].startswith("other_artifact")


def test_without_a_first_build_there_is_no_second(sigstore, judging):
    assert "rebuild" in vouched(DIGEST, None, [built(sigstore, OTHER)], judging).problems


def test_a_builder_that_nobody_trusts_attests_nothing(sigstore, judging):
    untrusting = replace(judging, builders={})
    run = sigstore.signed(statement(predicate=DAY, kind=SOAK))
    found = vouched(DIGEST, built(sigstore), [run], untrusting)
    assert found.facts()["soak"] == {"hours": 0}
    assert found.problems[SOAK].startswith("wrong_signer")


def test_a_developer_does_not_attest_their_own_tests(sigstore, judging):
    tests = sigstore.signed(statement(predicate={}, kind=TEST_RESULT), identity=DEVELOPER, builder="")
    found = vouched(DIGEST, built(sigstore), [tests], judging)
    assert found.problems[TEST_RESULT].startswith("wrong_signer")


def test_what_nobody_may_attest_is_refused(sigstore, judging):
    found = vouched(DIGEST, built(sigstore), [sigstore.signed(statement(predicate={}, kind="urn:x"))], judging)
    assert found.problems["urn:x"].startswith("wrong_signer")
    assert found.attestations == {}


def test_an_attestation_that_comes_twice_counts_once(sigstore, judging):
    runs = [sigstore.signed(statement(predicate=DAY | {"p95LatencyMs": number}, kind=SOAK)) for number in (840, 1)]
    found = vouched(DIGEST, built(sigstore), runs, judging)
    assert found.run.p95_latency_ms == 840
    assert found.problems[SOAK].startswith("duplicate")


def test_what_is_no_bundle_is_said(sigstore, judging):
    assert vouched(DIGEST, built(sigstore), [b"{}"], judging).problems["attestation"].startswith("malformed_bundle")


@pytest.mark.parametrize(
    "changed",
    [
        {"endedAt": AT + 1},
        {"endedAt": AT - 90_001},
        {"startedAt": 0},
        {"startedAt": False},
        {"startedAt": "1"},
        {"startedAt": None},
        {"p95LatencyMs": -1},
        {"p95LatencyMs": 1_000_001},
        {"p95LatencyMs": True},
        {"p95LatencyMs": "840"},
    ],
)
def test_a_soak_run_of_another_form_proves_nothing(sigstore, judging, changed):
    run = sigstore.signed(statement(predicate=DAY | changed, kind=SOAK))
    found = vouched(DIGEST, built(sigstore), [run], judging)
    assert found.facts()["soak"] == {"hours": 0}
    assert found.problems[SOAK].startswith("malformed_predicate")


@given(
    predicate=st.dictionaries(
        st.sampled_from(["startedAt", "endedAt", "p95LatencyMs"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    )
)
def test_a_soak_run_is_read_or_refused(predicate):
    try:
        found = soak(predicate, AT)
    except SupplyError as error:
        assert error.code == "malformed_predicate"  # noqa: PT017 - either of two ends
    else:
        assert found.hours >= 0
        assert 0 <= found.p95_latency_ms <= 1_000_000


def test_the_hours_of_a_run_are_those_between_its_times():
    assert soak({"startedAt": 0, "endedAt": 86_364, "p95LatencyMs": 1}, AT).hours == 23.99


@pytest.mark.parametrize(
    "data", [{}, {"supply": {}}, {"supply": {"attesters": []}}, {"supply": {"attesters": {"a": 1}}}]
)
def test_policy_data_without_attesters_are_an_error(data):
    with pytest.raises(MarketDataError, match="attesters"):
        attesters(data)
