"""A release that the private authority signed is looked into, passes every gate, and is sold; an attack is told."""

import io
import json
import shutil
from datetime import UTC, datetime
from functools import cache

import orjson
import pytest

from app.db import reading
from app.features.marketplace.catalogue.examination import Examination
from app.features.marketplace.rows import AgentRow, ReleaseRow
from app.features.marketplace.supply import authority_keys
from app.features.marketplace.supply.attestation import SOAK, TEST_RESULT
from app.features.marketplace.supply.places import Places
from app.pdp.bundle import load
from tests.features.gating import POLICIES
from tests.features.marketplace.catalogue.publishing import Kept
from tests.features.marketplace.inspection import making
from tests.features.marketplace.trading import agent, keep, market_at
from tests.features.serving import NOW

NAME = "https://omega.example/marketplace"
BUILDER = f"{NAME}/services/acme-ci"
COMMIT = "a" * 40
REPOSITORY = "https://github.com/acme/invoice-reader"
PLACE = "/marketplace/agents/invoice-reader/releases"
DAY = 86_400


@cache
def policies(folder):
    """Return the shipped policies, which trust the private authority and one builder of it."""
    shutil.copytree(POLICIES, folder / "policies")
    data = folder / "policies" / "data"
    supply = json.loads((data / "supply.json").read_text())
    supply["trust"]["default"] = [{"root": "private"}]
    supply["attesters"]["https://openvex.dev/ns/v0.2.0"] = ["builder"]
    (data / "supply.json").write_text(json.dumps(supply))
    (data / "builders.json").write_text(json.dumps({BUILDER: 3}))
    return load(folder / "policies", "r1")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return policies(tmp_path_factory.mktemp("policies"))


class Building:
    """A builder of `acme`: what it made, and a client that signs and sends it."""

    def __init__(self, market, version="1.2.0", files=making.FILES, **declared):
        self.market, self.version = market, version
        self.artifact = making.zipped(files)
        self.manifest = orjson.dumps(making.manifest(version=version, **declared).document)
        self.bom = making.bom(self.artifact)
        self.client = market.control.app.test_client()

    def post(self, path, **options):
        return self.client.post(path, environ_overrides=self.market.service(), **options)

    def signed(self, **wanted):
        sent = {"agent": "invoice-reader", "digest": f"sha256:{making.digest(self.artifact)}", "name": "agent.zip"}
        answer = self.post("/marketplace/signatures", json=sent | wanted)
        assert answer.status_code == 201, answer.text
        return orjson.dumps(answer.json["bundle"])

    def built(self):
        return self.signed(commit=COMMIT, ref=f"refs/tags/v{self.version}")

    def tested(self, hits=(1,) * 95 + (0,) * 5):
        report = making.coverage(hits).decode()
        return self.signed(predicate_type=TEST_RESULT, predicate={"result": "PASSED", "coverageXml": report})

    def soaked(self, hours=26):
        end = self.market.now() - 60
        run = {"startedAt": end - hours * 3_600, "endedAt": end, "p95LatencyMs": 840}
        return self.signed(predicate_type=SOAK, predicate=run)

    def files(self, **changed):
        made = {
            "artifact": self.artifact,
            "manifest": self.manifest,
            "bundle": self.built(),
            "sbom": self.bom,
            "tests": self.tested(),
            "soak": self.soaked(),
        }
        return made | changed

    def sent(self, files):
        form = {name: (io.BytesIO(data), name) for name, data in files.items() if data is not None}
        return self.post(PLACE, data={"version": self.version} | form)

    def missing(self):
        answer = self.client.get(f"{PLACE}/{self.version}/gates", environ_overrides=self.market.service())
        [found] = answer.json["checklists"]
        return {each["gate"]: each["said"] for each in found["gates"] if not each["passed"]}


@pytest.fixture
def market(sqlite_url, bundle, tmp_path):
    objects, keys = Kept(), tmp_path / "keys"
    keys.mkdir(mode=0o700)
    authority_keys.make(keys, NAME, lambda: datetime.fromtimestamp(NOW - DAY, UTC))
    examiner = Examination(lambda: making.advisories(making.advisory(package="left-pad")))
    with market_at(
        sqlite_url, bundle=bundle, objects=objects, examiner=examiner, supply=Places(now=lambda: NOW, keys=keys)
    ) as made:
        keep(agent(repository=REPOSITORY))
        yield made


def test_what_was_built_and_looked_into_is_sold(market):
    build = Building(market)
    answer = build.sent(build.files())
    assert answer.status_code == 201, answer.text
    assert answer.json["provenance"]["builder"] == BUILDER
    assert answer.json["slsa_level"] == 3
    assert build.missing() == {}
    assert build.post(f"{PLACE}/1.2.0/publish").json["state"] == "listed"
    with reading() as session:
        found = session.get(AgentRow, "invoice-reader")
        row = session.get(ReleaseRow, ("invoice-reader", "1.2.0"))
    assert (found.newest, found.level) == ("1.2.0", 3)
    assert row.facts["publish"]["tests"] == {"coverage_percent": 95.0}
    assert row.facts["publish"]["soak"] == {"hours": 26.0}


@pytest.mark.parametrize(
    ("attack", "gates"),
    [
        (lambda _: {"artifact": making.zipped(making.FILES, note=b"swapped")}, {"signed", "provenance", "sbom"}),
        (lambda it: {"bundle": it.tested()}, {"provenance"}),
        (lambda it: {"sbom": making.bom(it.artifact, listed=(("httpx", "0.28.1"),))}, {"sbom_complete"}),
        (lambda it: {"tests": it.tested(hits=(1,) * 79 + (0,) * 21)}, {"covered"}),
        (lambda _: {"tests": None}, {"covered"}),
        (lambda it: {"soak": it.soaked(hours=23)}, {"soaked"}),
    ],
    ids=["swapped artifact", "no provenance", "omitted dependency", "too few tests", "no tests", "too short a soak"],
)
def test_what_does_not_hold_is_told_by_its_gate(market, attack, gates):
    build = Building(market)
    assert build.sent(build.files(**attack(build))).status_code == 201
    assert gates <= set(build.missing())
    assert build.post(f"{PLACE}/1.2.0/publish").status_code == 403


def test_a_host_that_is_not_declared_is_seen(market):
    build = Building(market, capabilities__hosts=[])
    assert build.sent(build.files()).status_code == 201
    assert set(build.missing()) == {"capabilities_declared"}


@pytest.mark.parametrize("files", [{"manifest": b"{"}, {"artifact": b"no archive"}])
def test_what_cannot_be_looked_into_is_not_kept(market, files):
    build = Building(market)
    answer = build.sent(build.files(**files))
    assert answer.status_code == 400
    with reading() as session:
        assert session.get(ReleaseRow, ("invoice-reader", "1.2.0")) is None


def test_a_manifest_of_another_version_is_refused(market):
    build = Building(market)
    build.version = "1.3.0"
    assert build.sent(build.files()).status_code == 400


def test_what_breaks_needs_a_new_major_version(market):
    first = Building(market)
    assert first.sent(first.files()).status_code == 201
    assert first.post(f"{PLACE}/1.2.0/publish").status_code == 200
    second = Building(
        market,
        "1.3.0",
        files=making.FILES | {"CHANGELOG.md": b"# Changes\n1.3.0\n"},
        input__required=["document", "language"],
    )
    assert second.sent(second.files()).status_code == 201
    assert second.post(f"{PLACE}/1.3.0/publish").status_code == 200
    assert set(second.missing()) == {"compatible"}
