"""A first sale in the real service: two services register, a release is signed, published, priced, bought, given back.

Each step is a decision in the sealed log, and has one effect in the product database.
"""

import json
import shutil
import sqlite3
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from app.features.marketplace.supply.attestation import SOAK, TEST_RESULT
from tests.e2e.verified import verified
from tests.features.marketplace.inspection import making
from tests.pdp.evaluating import ROOT

pytestmark = pytest.mark.slow

NAME = "https://omega.example/marketplace"
AGENT = "/marketplace/agents/invoice-reader"
VERSION = "1.2.0"
DAY = 86_400


@pytest.fixture
def policies(tmp_path):
    """The shipped policies, which trust the authority of this installation and one builder of it."""
    place = shutil.copytree(ROOT / "policies", tmp_path / "policies")
    supply = json.loads((place / "data/supply.json").read_text())
    supply["trust"]["default"] = [{"root": "private"}]
    (place / "data/supply.json").write_text(json.dumps(supply))
    builders = json.loads((place / "data/builders.json").read_text()) | {f"{NAME}/services/acme-ci": 3}
    (place / "data/builders.json").write_text(json.dumps(builders))
    return place


class Party:
    """A service that acts for a developer or a buyer over HTTP, and remembers which decisions it was told."""

    def __init__(self, service, name, directory):
        issued = service.omega("token", "issue", "--subject", name)
        assert issued.returncode == 0, issued.stderr
        self.service, self.decisions = service, []
        self.bearer = directory / f"{name}.token"
        self.bearer.write_text(issued.stdout)

    def ask(self, path, body=None, **headers):
        sent = {"authorization": f"Bearer {self.bearer.read_text().strip()}", "accept": "application/json"} | headers
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            sent["content-type"] = "application/json"
        request = urllib.request.Request(self.service.url + path, data, sent)  # noqa: S310 - our own service
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
                said = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                pytest.fail(f"{path}: {error.code} {error.read().decode()}")
        if "decision_id" in said:
            self.decisions.append(said["decision_id"])
        return said

    def join(self, party, side):
        """Register, and accept the agreement in force."""
        own = {"side": side, "party": party, "name": party.title(), "kind": "individual", "country": "DE"}
        self.ask("/marketplace/parties", own)
        text = self.ask("/marketplace/account")["agreements"][side]["sha256"]
        self.ask("/marketplace/agreements", {"side": side, "sha256": text, "accepted": True, "ip_warranties": True})

    def omega(self, *arguments):
        url = ("--url", self.service.url, "--bearer", self.bearer)
        done = self.service.omega("market", *arguments, *url)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def grown_old(service):
    """Have every party have been there for two months: whoever came today is verified before a purchase."""
    with sqlite3.connect(service.settings.data / "product.db", timeout=30) as connection:
        connection.execute("UPDATE market_party SET created_at = created_at - ?", (60 * DAY,))


def signed(developer, artifact, **wanted):
    sent = {"agent": "invoice-reader", "digest": f"sha256:{making.digest(artifact)}", "name": "agent.zip"}
    return json.dumps(developer.ask("/marketplace/signatures", sent | wanted)["bundle"]).encode()


def release(developer, artifact, directory):
    """Return the options of `omega market publish`, with what they name put into files."""
    end = int(time.time()) - 60
    run = {"startedAt": end - 26 * 3_600, "endedAt": end, "p95LatencyMs": 840}
    report = making.coverage((1,) * 95 + (0,) * 5).decode()
    files = {
        "artifact": artifact,
        "manifest": json.dumps(making.manifest(version=VERSION).document).encode(),
        "bundle": signed(developer, artifact, commit="a" * 40, ref=f"refs/tags/v{VERSION}"),
        "sbom": making.bom(artifact),
        "tests": signed(
            developer, artifact, predicate_type=TEST_RESULT, predicate={"result": "PASSED", "coverageXml": report}
        ),
        "soak": signed(developer, artifact, predicate_type=SOAK, predicate=run),
    }
    for name, data in files.items():
        (directory / name).write_bytes(data)
    return [part for name in files for part in (f"--{name}", directory / name)]


def advisories(service, directory):
    """Bring in a snapshot of known vulnerabilities, which has nothing on what is published."""
    export = directory / "PYSEC-2026-1.json"
    export.write_text(json.dumps(making.advisory(package="left-pad")))
    done = service.omega("market", "advisories", "update", export)
    assert done.returncode == 0, done.stderr


def test_an_agent_is_published_bought_installed_and_given_back(serving, policies, tmp_path, say):
    service = serving(OMEGA_POLICIES=policies)
    assert service.omega("market", "authority", "init", "--name", NAME).returncode == 0
    advisories(service, tmp_path)
    began = time.monotonic()
    developer, buyer = Party(service, "acme-ci", tmp_path), Party(service, "globex-ops", tmp_path)
    developer.join("acme", "developer")
    buyer.join("globex", "buyer")
    grown_old(service)
    laid_out = {"title": "Invoice reader", "summary": "Reads invoices.", "category": "finance"}
    repository = "https://github.com/acme/invoice-reader"
    developer.ask("/marketplace/agents", laid_out | {"agent": "invoice-reader", "repository": repository})
    artifact = making.zipped()
    developer.omega("publish", "invoice-reader", VERSION, *release(developer, artifact, tmp_path))
    price = {"kind": "perpetual", "currency": "USD", "interval": "once", "unit": "9.90"}
    plan = developer.ask(f"{AGENT}/plans", price)["id"]
    order = json.loads(
        buyer.omega("buy", "invoice-reader", "--plan", plan, "--source", "card_visa", "--accept-licence", "--key", "k1")
    )
    assert (order["state"], order["total"]) == ("paid", "9.90 USD")
    buyer.omega("install", "invoice-reader", "--out", tmp_path / "installed.zip")
    assert (tmp_path / "installed.zip").read_bytes() == artifact
    took = time.monotonic() - began
    back = buyer.ask(f"/marketplace/orders/{order['id']}/refund", {"amount_minor": 990}, **{"idempotency-key": "r1"})
    assert (back["state"], back["amount_minor"]) == ("done", 990)
    say(f"from registration to the first sale and its install: {took:.1f} s")
    assert service.stop() == 0
    recorded(service, {*developer.decisions, *buyer.decisions})


def recorded(service, told):
    """Check that each effect is of one decision in the sealed log that allowed it, and each that was told of is one."""
    with sqlite3.connect(service.settings.data / "product.db") as connection:
        effects = dict(connection.execute("SELECT decision_id, action FROM market_effect"))
    found = verified(Path(service.settings.store), service.settings.keys / "log.vkey")
    allowed = {
        name: each.body["action"]
        for name, each in found.records.items()
        if each.type == "decision" and each.body["result"]["allow"]
    }
    assert effects.items() <= allowed.items()
    assert told <= effects.keys()
    assert sorted(effects.values()) == sorted(STEPS)


STEPS = [f"marketplace.{each}" for each in ("agree", "agree", "draft", "draft", "install", "install", "order", "price")]
STEPS += [f"marketplace.{each}" for each in ("publish", "purchase", "refund", "register", "register")]
STEPS += ["marketplace.sign"] * 3
