"""The port of a store that holds personal data: found, exported, rectified, erased, and looked at again.

Every method may be called again after a crash, and then does what is left. Blocking.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom it is about, as stores know persons. Never logged, never in a record: `subject` stands for the person there.

    Attributes:
        tenant: whose platform.
        kind: the type under which requests speak of the person, such as `user`.
        id: as platform services know the person.
        subject: the pseudonym, `psn_` and 32 hex digits; None where the person has none.
        identifiers: further values that stores know the person by, by name, such as `email`.
    """

    tenant: str
    kind: str
    id: str
    subject: str | None
    identifiers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a store says of itself, for the record of processing (GDPR, article 30).

    Attributes:
        name: `[a-z0-9-]{1,32}`, the same for ever: receipts name it.
        title: in plain words.
        purposes: why the data are there.
        categories: of data, such as `contact`.
        subjects: categories of persons.
        recipients: categories of whom they are disclosed to.
        region: US, EU, UK, APAC, or empty.
        retention: in plain words.
        security: in plain words.
    """

    name: str
    title: str
    purposes: tuple[str, ...]
    categories: tuple[str, ...]
    subjects: tuple[str, ...]
    recipients: tuple[str, ...]
    region: str
    retention: str
    security: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a store holds of a person: where, of which category, and its content as JSON values."""

    place: str
    category: str
    content: Any


class PersonalStore(Protocol):
    """A place with personal data. All methods raise `StoreError` if the place fails; ask again then."""

    @property
    def described(self) -> Described:
        """Return what it says of itself."""

    def find(self, person: Person) -> int:
        """Return how many things it holds of the person."""

    def export(self, person: Person) -> Iterator[Item]:
        """Yield all it holds of the person."""

    def rectify(self, person: Person, changes: Mapping[str, Any]) -> int:
        """Have these values in place of what is there, and return how many things changed.

        Raises:
            UnsupportedError: what it holds cannot be changed; the reason is for the person.
        """

    def erase(self, person: Person) -> int:
        """Erase what it holds of the person for good, and return how many things went. None left is 0."""

    def verify(self, person: Person) -> tuple[str, ...]:
        """Look again, apart from `find`, and return the places where something of the person is left."""
