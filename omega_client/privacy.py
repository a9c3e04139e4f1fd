"""Texts without personal data, and the way back: the service redacts them, and reveals what others agreed to.

Owns the forms of what is asked and answered, for both clients; each of them has one as `privacy`, with consents.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypedDict, Unpack

from omega_client.answers import list_of, object_of, text_of
from omega_client.consents import AsyncConsents, Consents
from omega_client.conversation import Asking, Conversation
from omega_client.errors import UnusableAnswerError
from omega_client.subject import Subject

_ID: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


class Lane(StrEnum):
    """How a document is looked through: for patterns at once, or for names as well, which takes a while."""

    NAMES = "names"
    PATTERNS = "patterns"


class State(StrEnum):
    """Where a document is."""

    SEALED = "sealed"
    READY = "ready"
    FAILED = "failed"


class About(TypedDict):
    """What is said of a document that is redacted.

    Attributes:
        person: whom it is about.
        scope: within which the same value gets the same token.
        purpose: what the text is for.
        region: where the data have their home, such as `EU`.
    """

    person: Subject
    scope: str
    purpose: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document at the service; `body` is a text or a value of JSON once its state is `ready`, and None before."""

    id: str
    state: State
    scope: str
    decision_id: str
    body: Any = field(default=None, repr=False)

    @classmethod
    def parse(cls, value: Any) -> "Document":
        """Read an answer.

        Raises:
            UnusableAnswerError: it is none.
        """
        members = object_of(value)
        try:
            state = State(text_of(members, "state"))
        except ValueError:
            raise UnusableAnswerError("the answer has no state of a document") from None
        return cls(
            id=text_of(members, "id"),
            state=state,
            scope=text_of(members, "scope"),
            decision_id=text_of(members, "decision_id"),
            body=members.get("text", members.get("json")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealRequest:
    """A request to see what tokens stand for, and who agreed to it by now."""

    id: str
    approvals: tuple[str, ...]
    decision_id: str

    @classmethod
    def parse(cls, value: Any) -> "RevealRequest":
        """Read an answer.

        Raises:
            UnusableAnswerError: it is none.
        """
        members = object_of(value)
        return cls(
            id=text_of(members, "id"),
            approvals=tuple(text_of(object_of(each), "by") for each in list_of(members, "approvals")),
            decision_id=text_of(members, "decision_id"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealed:
    """What was shown, on record as `decision_id`: the body of a document, or what each token stands for."""

    decision_id: str
    body: Any = field(default=None, repr=False)
    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, value: Any) -> "Revealed":
        """Read an answer.

        Raises:
            UnusableAnswerError: it is none.
        """
        members = object_of(value)
        values = object_of(members.get("tokens", {}))
        if not all(isinstance(each, str) for each in values.values()):
            raise UnusableAnswerError("a token stands for no text")
        return cls(
            decision_id=text_of(members, "decision_id"), body=members.get("text", members.get("json")), values=values
        )


class _Talk:
    """The conversations, whoever runs them."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def redact(self, body: Any, lane: Lane, language: str, about: About) -> Conversation[Document]:
        """Have a document redacted."""
        named = {"text": body} if isinstance(body, str) else {"json": body}
        said = {name: about[name] for name in ("scope", "purpose", "region")}
        asked = named | said | {"person": about["person"].document(), "lane": str(lane), "language": language}
        return Document.parse((yield from self._asking.said("POST", "/privacy/redact", asked)))

    def document(self, identifier: str) -> Conversation[Document]:
        """Return a document as it is by now."""
        return Document.parse((yield from self._asking.said("GET", f"/privacy/documents/{_safe(identifier)}", None)))

    def ask(self, what: dict[str, Any], purpose: str, region: str) -> Conversation[RevealRequest]:
        """Ask to see something."""
        asked = what | {"purpose": purpose, "region": region}
        return RevealRequest.parse((yield from self._asking.said("POST", "/privacy/reveals", asked)))

    def reveal(self, request: str) -> Conversation[Revealed]:
        """See it."""
        return Revealed.parse((yield from self._asking.said("POST", "/privacy/reveal", {"request": request})))


class Privacy(Consents):
    """Asks, and waits. Raises `NotPermittedError` where policy denies, and else as the client does."""

    def __init__(self, asking: Asking, run: Callable[[Conversation[Any]], Any]) -> None:
        """Ask as `asking` does; `run` waits for what comes."""
        super().__init__(asking, run)
        self._talk = _Talk(asking)

    def redact(self, body: Any, *, lane: Lane = Lane.NAMES, language: str = "en", **about: Unpack[About]) -> Document:
        """Have a text (str) or any other value of JSON redacted, and return the document: ready, or sealed for now.

        Raises:
            NotPermittedError: policy denies it.
            ClientError: there is no answer that can be used.
        """
        found: Document = self._run(self._talk.redact(body, lane, language, about))
        return found

    def document(self, identifier: str) -> Document:
        """Return a document as it is by now; raises as `redact`."""
        found: Document = self._run(self._talk.document(identifier))
        return found

    def ask_for_document(self, identifier: str, *, purpose: str, region: str) -> RevealRequest:
        """Ask to see a document as it was, in `region`; officers have to agree. Raises as `redact`."""
        found: RevealRequest = self._run(self._talk.ask({"document": identifier}, purpose, region))
        return found

    def ask_for_tokens(
        self, tokens: Sequence[str], *, person: Subject, scope: str, purpose: str, region: str
    ) -> RevealRequest:
        """Ask to see what tokens such as `<EMAIL_1>` stand for; officers have to agree. Raises as `redact`."""
        what = {"tokens": list(tokens), "person": person.document(), "scope": scope}
        found: RevealRequest = self._run(self._talk.ask(what, purpose, region))
        return found

    def reveal(self, request: str) -> Revealed:
        """Return what was asked for as `request`, once others agreed; raises as `redact`."""
        found: Revealed = self._run(self._talk.reveal(request))
        return found


class AsyncPrivacy(AsyncConsents):
    """As `Privacy`, to be awaited."""

    def __init__(self, asking: Asking, run: Callable[[Conversation[Any]], Awaitable[Any]]) -> None:
        """Ask as `asking` does; `run` awaits what comes."""
        super().__init__(asking, run)
        self._talk = _Talk(asking)

    async def redact(
        self, body: Any, *, lane: Lane = Lane.NAMES, language: str = "en", **about: Unpack[About]
    ) -> Document:
        """See `Privacy.redact`."""
        found: Document = await self._run(self._talk.redact(body, lane, language, about))
        return found

    async def document(self, identifier: str) -> Document:
        """See `Privacy.document`."""
        found: Document = await self._run(self._talk.document(identifier))
        return found

    async def ask_for_document(self, identifier: str, *, purpose: str, region: str) -> RevealRequest:
        """See `Privacy.ask_for_document`."""
        found: RevealRequest = await self._run(self._talk.ask({"document": identifier}, purpose, region))
        return found

    async def ask_for_tokens(
        self, tokens: Sequence[str], *, person: Subject, scope: str, purpose: str, region: str
    ) -> RevealRequest:
        """See `Privacy.ask_for_tokens`."""
        what = {"tokens": list(tokens), "person": person.document(), "scope": scope}
        found: RevealRequest = await self._run(self._talk.ask(what, purpose, region))
        return found

    async def reveal(self, request: str) -> Revealed:
        """See `Privacy.reveal`."""
        found: Revealed = await self._run(self._talk.reveal(request))
        return found


def _safe(identifier: str) -> str:
    """Return an id that can stand in a path; what is none, the service knows nothing of."""
    return identifier if identifier and set(identifier) <= _ID else "_"
