"""What a person says with a request: read from a form or from JSON, within limits, and kept as one sealed text. Pure.

It is all personal data: nothing of it stands in a table, a record or a message.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from app.features.dsr.errors import SayingError
from app.features.dsr.request import DsrKind, Law

LONGEST: Final = {
    "account": 256,
    "email": 254,
    "name": 200,
    "message": 4_000,
    "answer": 4_000,
    "contact": 254,
    "value": 1_000,
}
"""Characters of each field."""

_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_FIELD: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_EMAIL: Final = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_ROWS: Final = 3
_MOST_MESSAGES: Final = 20
_MOST_PURPOSES: Final = 16
_Choice = TypeVar("_Choice", DsrKind, Law)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one side said to the other, and when (Unix seconds)."""

    asked: bool
    at: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Said:
    """Whom a request is about, and what is wanted.

    Attributes:
        id: as the platform knows the person, or the address where they know no other.
        identifiers: `email`, `name`.
        message: in the person's own words.
        changes: to rectify: what each detail should read.
        purposes: to restrict or to object to; `*` is all.
        messages: what was asked since, and answered.
    """

    id: str
    identifiers: Mapping[str, str]
    message: str = ""
    changes: Mapping[str, str] = field(default_factory=dict)
    purposes: tuple[str, ...] = ("*",)
    messages: tuple[Message, ...] = ()

    @property
    def contact(self) -> str:
        """Return where the person can be reached."""
        return self.identifiers.get("email", "")

    def asking(self, message: Message) -> "Said":
        """Return it with one message more.

        Raises:
            SayingError: there are too many by now.
        """
        if len(self.messages) >= _MOST_MESSAGES:
            raise SayingError("there are too many messages by now")
        return replace(self, messages=(*self.messages, message))

    def text(self) -> bytes:
        """Return it as it is sealed."""
        document = {
            "v": 1,
            "id": self.id,
            "identifiers": dict(self.identifiers),
            "message": self.message,
            "changes": dict(self.changes),
            "purposes": list(self.purposes),
            "messages": [[each.asked, each.at, each.text] for each in self.messages],
        }
        return json.dumps(document, ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is wanted, of which person: what a request begins with."""

    kind: DsrKind
    law: Law
    language: str
    person_kind: str
    said: Said


def parse_sealed(text: bytes) -> Said:
    """Return what `Said.text` wrote."""
    found: dict[str, Any] = json.loads(text)
    return Said(
        id=found["id"],
        identifiers=found["identifiers"],
        message=found["message"],
        changes=found["changes"],
        purposes=tuple(found["purposes"]),
        messages=tuple(Message(asked=asked, at=at, text=text) for asked, at, text in found["messages"]),
    )


def parse_form(sent: Mapping[str, Any], languages: frozenset[str]) -> Wanted:
    """Return what a form of the intake says.

    Raises:
        SayingError: a field is missing, too long or in another form.
    """
    email = written(sent, "email")
    if not is_address(email):
        raise SayingError("`email` is no e-mail address")
    kind = one_of(DsrKind, sent.get("kind"), "kind")
    said = Said(
        id=written(sent, "account", needed=False) or email,
        identifiers=_present({"email": email, "name": written(sent, "name", needed=False)}),
        message=written(sent, "message", needed=False),
        changes=_rows(sent) if kind is DsrKind.RECTIFY else {},
    )
    if kind is DsrKind.RECTIFY and not said.changes and not said.message:
        raise SayingError("`message` has to say what is wrong, and what is right")
    return Wanted(
        kind=kind,
        law=one_of(Law, sent.get("law"), "law"),
        language=_language(sent, languages),
        person_kind="user",
        said=said,
    )


def parse_document(sent: Mapping[str, Any], languages: frozenset[str]) -> Wanted:
    """Return what a platform service says in JSON: `kind`, `law`, `person` (kind, id), and what a form may say.

    Raises:
        SayingError: a member is missing, too long or in another form.
    """
    person = sent.get("person")
    if not isinstance(person, Mapping):
        raise SayingError("`person` is missing, or not as it has to be")
    kind = person.get("kind")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise SayingError("`person.kind` is missing, or not as it has to be")
    changes, purposes = sent.get("changes", {}), sent.get("purposes", ["*"])
    if not isinstance(purposes, list) or not 1 <= len(purposes) <= _MOST_PURPOSES:
        raise SayingError("`purposes` is not as it has to be")
    said = Said(
        id=written({"account": person.get("id")}, "account"),
        identifiers=_present({name: written(sent, name, needed=False) for name in ("email", "name")}),
        message=written(sent, "message", needed=False),
        changes=_changes(changes),
        purposes=tuple("*" if each == "*" else _named(each, "purposes") for each in purposes),
    )
    return Wanted(
        kind=one_of(DsrKind, sent.get("kind"), "kind"),
        law=one_of(Law, sent.get("law"), "law"),
        language=_language(sent, languages),
        person_kind=kind,
        said=said,
    )


def is_address(text: str) -> bool:
    """Tell whether a text has the form of an e-mail address, one alone."""
    return _EMAIL.fullmatch(text) is not None


def one_of(kinds: type[_Choice], value: Any, name: str) -> _Choice:
    """Return the member that a value names.

    Raises:
        SayingError: none.
    """
    try:
        return kinds(value)
    except ValueError:
        raise SayingError(f"`{name}` is missing, or none of those there are") from None


def written(sent: Mapping[str, Any], name: str, *, needed: bool = True) -> str:
    """Return a text that was sent, without blanks around it; empty where it is neither there nor needed.

    Raises:
        SayingError: it is missing, too long, or no text.
    """
    value = sent.get(name, "")
    if not isinstance(value, str):
        raise SayingError(f"`{name}` is no text")
    value = value.replace("\r\n", "\n").strip()
    if _CONTROL.search(value):
        raise SayingError(f"`{name}` has characters that no text has")
    if len(value) > LONGEST[name]:
        raise SayingError(f"`{name}` is longer than {LONGEST[name]} characters")
    if needed and not value:
        raise SayingError(f"`{name}` is missing")
    return value


def _language(sent: Mapping[str, Any], languages: frozenset[str]) -> str:
    value = sent.get("language", "en")
    return value if isinstance(value, str) and value in languages else "en"


def _rows(sent: Mapping[str, Any]) -> dict[str, str]:
    """Return the rows of the form that say what a detail should read."""
    rows = [(sent.get(f"detail_{number}") or "", sent.get(f"value_{number}") or "") for number in range(1, _ROWS + 1)]
    return _changes(dict(each for each in rows if isinstance(each[0], str) and each[0]))


def _changes(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or len(value) > _MOST_PURPOSES:
        raise SayingError("`changes` is not as it has to be")
    return {_named(name, "changes"): written({"value": text}, "value") for name, text in value.items()}


def _named(value: Any, name: str) -> str:
    if not isinstance(value, str) or not _FIELD.fullmatch(value):
        raise SayingError(f"`{name}` names something in another form than it has to")
    return value


def _present(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
