"""Signatures over HTTP: who gets one, what the certificate says, and that the log grows by each."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlmodel import select

from app.db import reading
from app.features.marketplace.acting import EffectRow
from app.features.marketplace.rows import MemberRow, PartyKind
from app.features.marketplace.supply import authority, authority_keys, places, signing
from app.features.marketplace.supply.attestation import RELEASE, SBOM
from app.features.marketplace.supply.bundle import parse_bundle
from app.features.marketplace.supply.places import Places
from app.features.marketplace.supply.rows import LogEntryRow, LogHeadRow
from app.features.marketplace.supply.trust import Trust, load_root
from app.features.marketplace.supply.verifying import Expected, verify_artifact, verify_statement
from evidence.tree import Frontier, leaf_hash
from tests.features.marketplace.supply.signing import COMMIT, DIGEST, NAME
from tests.features.marketplace.trading import agent, keep, market_at, party
from tests.features.serving import NOW

PATH = "/marketplace/signatures"
REPOSITORY = "https://github.com/acme/invoice-reader"
WANTED = {"agent": "invoice-reader", "digest": DIGEST, "name": "agent.tar"}


@pytest.fixture
def keys(tmp_path):
    tmp_path.chmod(0o700)
    return authority_keys.make(tmp_path, NAME, lambda: datetime.fromtimestamp(NOW - 60, UTC))


@contextmanager
def signing_market(url, directory):
    with market_at(url, supply=Places(now=lambda: NOW, keys=directory)) as made:
        keep(agent())
        yield made


@pytest.fixture
def market(keys, tmp_path, sqlite_url):
    assert keys.name == NAME
    with signing_market(sqlite_url, tmp_path) as made:
        yield made


@pytest.fixture
def market_anywhere(keys, tmp_path, database_url):
    assert keys.name == NAME
    with signing_market(database_url, tmp_path) as made:
        yield made


@pytest.fixture
def trust(keys):
    own = authority.own_root(keys)
    return Trust(roots=(load_root(own.document, "private", frozenset({own.issuer})),))


def asked(market, who=None, **said):
    client = market.control.app.test_client()
    return client.post(PATH, json=WANTED | said, environ_overrides=market.service(who or "acme-ci"))


def expected(**changed):
    return replace(Expected(repository=REPOSITORY, identities=frozenset({f"{NAME}/services/acme-ci"})), **changed)


def test_a_service_has_a_release_signed_and_any_verifier_of_sigstore_takes_it(market, trust):
    answer = asked(market)
    assert answer.status_code == 201, answer.text
    bundle = orjson.dumps(answer.json["bundle"])
    found = verify_artifact(DIGEST, bundle, trust, {}, expected(name="agent.tar"))
    assert (found.identity, found.issuer, found.level) == (f"{NAME}/services/acme-ci", NAME, 0)
    assert (found.builder, found.source, found.predicate_type) == ("", "", RELEASE)
    assert found.logged_at == int(NOW)


def test_a_person_signs_as_the_developer_and_their_own_id_stands_in_no_certificate(market, trust):
    answer = market.developer().post(PATH, WANTED, accept="application/json")
    assert answer.status_code == 201, answer.text
    assert answer.json["identity"] == f"{NAME}/developers/acme"
    bundle = orjson.dumps(answer.json["bundle"])
    assert verify_artifact(DIGEST, bundle, trust, {}, expected(identities=frozenset({f"{NAME}/developers/acme"})))
    with reading() as session:
        (entry,) = session.exec(select(LogEntryRow))
    assert "dev-1" not in entry.identity + entry.body
    assert b"dev-1" not in parse_bundle(bundle).inner.signing_certificate.public_bytes(Encoding.DER)


def test_each_signature_is_one_decision_one_effect_and_one_entry_of_the_log(market_anywhere):
    market = market_anywhere
    ids = [asked(market, name=f"agent-{number}.tar").json["decision_id"] for number in range(5)]
    with reading() as session:
        entries = list(session.exec(select(LogEntryRow).order_by(LogEntryRow.number)))
        effects = {row.decision_id for row in session.exec(select(EffectRow))}
        head = session.get(LogHeadRow, 1)
    assert [entry.number for entry in entries] == [0, 1, 2, 3, 4]
    assert [entry.decision_id for entry in entries] == ids
    assert set(ids) <= effects
    assert [body["result"]["allow"] for body in market.decisions("marketplace.sign")] == [True] * 5
    tree = Frontier()
    for entry in entries:
        assert leaf_hash(entry.body.encode()).hex() == entry.leaf
        tree.append(bytes.fromhex(entry.leaf))
    assert (head.size, head.peaks) == (5, [peak.hex() for peak in tree.peaks])


def test_an_attestation_is_signed_as_it_was_sent(market, trust):
    predicate = {"bomFormat": "CycloneDX", "specVersion": "1.6"}
    answer = asked(market, predicate_type=SBOM, predicate=predicate)
    bundle = orjson.dumps(answer.json["bundle"])
    assert verify_statement(DIGEST, bundle, trust, SBOM, {f"{NAME}/services/acme-ci"}) == predicate


def test_provenance_is_denied_to_whoever_is_no_trusted_builder(market):
    answer = asked(market, commit=COMMIT, ref="refs/tags/v1.0.0")
    assert answer.status_code == 403
    (body,) = market.decisions("marketplace.sign")
    assert body["result"]["failed"] == ["trusted_builder"]
    with reading() as session:
        assert session.get(LogHeadRow, 1).size == 0


def test_provenance_names_the_repository_that_the_agent_is_known_by(keys, trust):
    identity = f"{NAME}/services/builder"
    wanted = signing.asked(WANTED | {"commit": COMMIT, "ref": "refs/tags/v1.0.0"})
    claims = signing._claims(keys, wanted, identity, REPOSITORY)
    bundle, _ = authority.sign(keys, signing.Head(), signing._statement(wanted, claims), claims, int(NOW))
    found = verify_artifact(DIGEST, orjson.dumps(bundle), trust, {identity: 3}, expected(version="1.0.0"))
    assert (found.builder, found.source, found.commit, found.level) == (identity, REPOSITORY, COMMIT, 3)


def test_somebody_elses_agent(market):
    keep(
        party("initech", PartyKind.DEVELOPER),
        MemberRow(account="service initech-ci", party="initech", decision_id="d1"),
    )
    assert asked(market, "initech-ci").status_code == 403
    (body,) = market.decisions("marketplace.sign")
    assert body["result"]["failed"] == ["authorised"]


def test_who_acts_for_no_developer_signs_nothing(market):
    assert asked(market, "globex-ci").status_code == 403
    assert market.decisions("marketplace.sign") == []


@pytest.mark.parametrize(
    "said",
    [
        {"digest": "sha256:ab"},
        {"digest": "SHA256:" + "ab" * 32},
        {"name": ""},
        {"name": "x" * 201},
        {"agent": 1},
        {"more": "fields"},
        {"predicate_type": "https://slsa.dev/provenance/v1", "predicate": {}},
        {"predicate_type": SBOM, "predicate": "text"},
        {"predicate": {}},
        {"predicate_type": SBOM, "predicate": {}, "commit": COMMIT},
    ],
)
def test_what_cannot_be_signed_is_said_and_nobody_is_asked(market, said):
    answer = asked(market, **said)
    assert answer.status_code == 400, answer.text
    assert market.decisions("marketplace.sign") == []


def test_an_agent_that_is_not_there(market):
    assert asked(market, agent="nothing").status_code == 404


def test_a_release_may_be_signed_by_a_developer_and_the_services_that_act_for_them(market):
    with market.control.app.app_context():
        found = places.identities("acme")
    assert {f"{NAME}/developers/acme", f"{NAME}/services/acme-ci"} <= found
    assert not any("globex" in each for each in found)


def test_whom_a_tenant_trusts_follows_from_the_policies_in_force(market, sqlite_url):
    with market.control.app.app_context():
        assert [root.name for root in places.trust_of("default").roots] == ["public-good"]
        assert places.places().root().issuer == NAME
        assert places.builders()["https://gitlab.com#gitlab-hosted"] == 2
    with market_at(sqlite_url + "2") as other, other.control.app.app_context():
        assert places.places().root() is None
        assert places.identities("acme") == frozenset()


def test_anybody_may_have_the_trusted_root(market, keys):
    for browser in (market.control.visitor(), market.developer()):
        answer = browser.json("/marketplace/trusted_root.json")
        assert (answer.status_code, answer.mimetype) == (200, "application/json")
        assert answer.text == authority.own_root(keys).document


@pytest.mark.parametrize("keys_of_the_node", [True, False])
def test_without_an_authority_nothing_is_signed_and_the_answer_says_so(tmp_path, sqlite_url, keys_of_the_node):
    supply = Places(now=lambda: NOW, keys=tmp_path) if keys_of_the_node else None
    with market_at(sqlite_url, supply=supply) as market:
        answer = asked(market)
    assert answer.status_code == 503
    assert "no signing authority" in answer.json["detail"]
