"""A marketplace that takes releases in, with an examiner that says what it was told."""

import io
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.features.marketplace.catalogue.examining import Examined
from tests.features.marketplace.trading import market_at

GOOD = {
    "signature": {"verified": True},
    "provenance": {"verified": True, "slsa_level": 3},
}
MANIFEST = {"capabilities": ["http"], "hosts": ["api.example.org"], "secrets": ["invoice-api"]}
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
    asked: list = field(default_factory=list)

    def examine(self, upload, origin, *, now):
        self.asked.append((upload, origin, now))
        return Examined(
            facts=self.facts, manifest=MANIFEST, level=self.level, provenance=PROVENANCE, problems=self.problems
        )


@dataclass(slots=True)
class Kept:
    """Objects in memory."""

    held: dict = field(default_factory=dict)

    def put(self, key, data):
        self.held[key] = data

    def get(self, key, *, limit=0):  # noqa: ARG002 - of the port
        return self.held[key]


@contextmanager
def open_market(url):
    """Run a marketplace with an examiner and a place for artifacts."""
    objects, examiner = Kept(), Told()
    with market_at(url, objects=objects, examiner=examiner) as made:
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
