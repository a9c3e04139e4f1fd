"""Persons, stores and what a store says of itself, for the tests of stores and of runs."""

from datetime import UTC, datetime

from app.privacy.stores.errors import StoreError
from app.privacy.stores.store import Described, Item, Person

NOW = datetime(2026, 11, 22, 14, tzinfo=UTC)
KEY = bytes(range(64, 96))


def person(name="alice", *, tenant="default", subject=None, **more):
    """Return a person whose e-mail is made of the name."""
    identifiers = {"email": f"{name}@example.com"} | more
    return Person(tenant=tenant, kind="user", id=name, subject=subject, identifiers=identifiers)


def described(name="crm", title="customers"):
    return Described(
        name=name,
        title=title,
        purposes=("to serve customers",),
        categories=("contact",),
        subjects=("customers",),
        recipients=(),
        region="EU",
        retention="as long as somebody is a customer",
        security="encrypted disks",
    )


class MemoryStore:
    """A store in memory that fails when the test says so."""

    def __init__(self, name="memory", held=None):
        self.described = described(name)
        self.held = held if held is not None else {}
        self.failing = None
        self.calls = []
        self.after_erase = dict

    def _called(self, what):
        self.calls.append(what)
        if self.failing is not None and self.failing[0] == what:
            raise self.failing[1]

    def find(self, who):
        self._called("find")
        return len(self.held.get(who.id, ()))

    def export(self, who):
        self._called("export")
        for number, content in enumerate(self.held.get(who.id, ())):
            yield Item(place=f"{self.described.name}/{number}", category="contact", content=content)

    def rectify(self, who, changes):
        self._called("rectify")
        count = 0
        for each in self.held.get(who.id, ()):
            fitting = {name: value for name, value in changes.items() if name in each and each[name] != value}
            each.update(fitting)
            count += bool(fitting)
        return count

    def erase(self, who):
        self._called("erase")
        return len(self.held.pop(who.id, ()))

    def verify(self, who):
        self._called("verify")
        return tuple(f"{self.described.name}/{each}" for each in range(len(self.held.get(who.id, ()))))


def broken(what):
    """Return what makes a `MemoryStore` fail at `what`."""
    return what, StoreError("the place does not answer")
