"""A marketplace that takes releases in, with an examiner that says what it was told."""

import io
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.features.marketplace.catalogue.examining import Examined
from tests.features.marketplace.trading import market_at

GOOD = {
    "signature": {"verified": True},
    "provenance": {"verified": True, "slsa_level": 3},
    "build": {"reproducible": False},
    "sbom": {"format": "cyclonedx", "valid": True, "complete": True, "components": 12},
    "tests": {"coverage_percent": 91.5},
    "performance": {"p95_latency_ms": 840},
    "soak": {"hours": 26},
    "vulnerabilities": {"critical": 0, "high": 0, "unknown": 0},
    "findings": {"malicious_code": 0, "data_exfiltration": 0, "prompt_injection": 0, "copyright": 0},
    "licences": {"unlicensed": 0, "unknown": 0, "denied": 0},
    "capabilities": {"undeclared": 0},
    "training_data": {"provenance_declared": True},
    "privacy": {"gdpr_declared": True, "ccpa_declared": True},
    "documentation": {"complete": True},
    "export_control": {"classification": "NONE"},
}
MANIFEST = {"tools": ["http"], "hosts": ["api.example.org"], "secrets": ["invoice-api"]}
PROVENANCE = {
    "builder": "https://builder.example/b",
    "source": "https://github.com/acme/invoice-reader",
    "commit": "ab" * 20,
}


@dataclass(slots=True)
class Told:
    """An examiner that was told what it finds out, and remembers what it was asked."""

    facts: dict = field(default_factory=lambda: dict(GOOD))
    problems: dict = field(default_factory=dict)
    level: int = 3
    broken: bool = False
    asked: list = field(default_factory=list)

    def examine(self, upload, origin, *, now):
        self.asked.append((upload, origin, now))
        return Examined(
            facts=self.facts, manifest=MANIFEST, level=self.level, provenance=PROVENANCE, problems=self.problems
        )

    def breaks(self, before, after):  # noqa: ARG002 - of the port
        return self.broken


@dataclass(slots=True)
class Kept:
    """Objects in memory."""

    held: dict = field(default_factory=dict)

    def put(self, key, data):
        self.held[key] = data

    def get(self, key, *, limit=0):  # noqa: ARG002 - of the port
        return self.held[key]


@contextmanager
def open_market(url, **handed):
    """Run a marketplace with an examiner and a place for artifacts."""
    objects, examiner = Kept(), Told()
    with market_at(url, objects=objects, examiner=examiner, **handed) as made:
        yield made, objects, examiner


def laid_out(**changed):
    """Return the form of an agent."""
    made = {
        "agent": "invoice-reader",
        "title": "Invoice reader",
        "summary": "Reads invoices.",
        "category": "finance",
        "repository": "https://github.com/acme/invoice-reader",
    }
    return made | changed


def release_form(version="1.0.0", artifact=b"bytes of an agent", **more):
    """Return the form of a release."""
    files = {"artifact": artifact, "bundle": b"{}", "manifest": b"{}"} | more
    return {"version": version} | {name: (io.BytesIO(data), name) for name, data in files.items() if data is not None}


def brought_in(browser, version="1.0.0", **more):
    """Have a developer lay out the agent, where there is none, and bring in a release of it."""
    browser.post("/marketplace/agents", laid_out())
    form = release_form(version, artifact=f"bytes of {version}".encode()) | more
    answer = browser.post("/marketplace/agents/invoice-reader/releases", form)
    assert answer.status_code == 303, answer.text
    return answer.location


def on_sale(browser, version="1.0.0", **more):
    """Have a developer publish a release."""
    place = brought_in(browser, version, **more)
    assert browser.post(f"{place}/publish").status_code == 303
    return place


def outsider(shop):
    """Return the browser of a buyer who holds no office."""
    return shop.officer("buy-1", "omega-marketplace")
