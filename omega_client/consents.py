"""What persons consent to: recorded, taken back, asked for; and which parts of exports are called back by that.

Owns the forms of what is asked and answered. `omega_client.privacy` offers the methods, as those of `Client.privacy`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypedDict, Unpack

from omega_client.answers import list_of, number_of, object_of, text_of, text_or_none
from omega_client.conversation import Asking, Conversation
from omega_client.errors import UnusableAnswerError
from omega_client.subject import Subject

EVERYTHING: Final = "*"
"""The scope that has all others in it."""


class ConsentState(StrEnum):
    """How a consent stands."""

    NONE = "none"
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Method(StrEnum):
    """How a person said it."""

    FORM = "form"
    PAPER = "paper"
    PHONE = "phone"
    SIGNATURE = "signature"
    VOICE = "voice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Where it can be seen that a person said so; the thing itself stays with whoever took it in.

    Attributes:
        method: how it was said.
        reference: under which it is found there; never a name or an id of a person.
        sha256: of what is found there, hex.
    """

    method: Method
    reference: str
    sha256: str

    def document(self) -> dict[str, str]:
        """Return it as it is sent."""
        return {"method": self.method.value, "reference": self.reference, "sha256": self.sha256}


class Concerning(TypedDict):
    """Which consent is meant.

    Attributes:
        person: whose.
        purpose: to what.
        scope: of what: a dataset, an agent; `EVERYTHING` for all of it.
    """

    person: Subject
    purpose: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecord:
    """That a consent was granted or withdrawn, as the ledger has it.

    Attributes:
        number: in the order of the ledger.
        subject: the person's pseudonym.
        expires_at: when a grant ends by itself, RFC 3339; None of a withdrawal.
        recalled: how many parts of exports are called back by it.
        receipt: a note under the log's key, for the person.
        decision_id: of the decision that permitted it.
    """

    number: int
    subject: str
    expires_at: str | None
    recalled: int
    receipt: str
    decision_id: str

    @classmethod
    def parse(cls, value: Any) -> "ConsentRecord":
        """Read an answer.

        Raises:
            UnusableAnswerError: it is none.
        """
        members = object_of(value)
        event = object_of(members.get("event"))
        return cls(
            number=number_of(event, "number"),
            subject=text_of(event, "subject"),
            expires_at=text_or_none(event, "expires_at"),
            recalled=number_of(members, "recalled"),
            receipt=text_of(members, "receipt"),
            decision_id=text_of(event, "decision_id"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a consent stands now.

    Attributes:
        subject: the person's pseudonym.
        state: see `ConsentState`.
        given_at: when it was granted, RFC 3339, if it was ever; `expires_at`, `withdrawn_at` likewise.
        facts: as policies are told of it.
        training: as `replay.export_training` is told of it; None where it was never granted.
    """

    subject: str
    state: ConsentState
    given_at: str | None
    expires_at: str | None
    withdrawn_at: str | None
    facts: Mapping[str, Any] = field(repr=False)
    training: Mapping[str, Any] | None = field(repr=False)

    @classmethod
    def parse(cls, value: Any) -> "Standing":
        """Read an answer.

        Raises:
            UnusableAnswerError: it is none.
        """
        members = object_of(value)
        standing, training = object_of(members.get("standing")), members.get("training")
        try:
            state = ConsentState(text_of(standing, "state"))
        except ValueError:
            raise UnusableAnswerError("the answer has no state of a consent") from None
        return cls(
            subject=text_of(standing, "subject"),
            state=state,
            given_at=text_or_none(standing, "given_at"),
            expires_at=text_or_none(standing, "expires_at"),
            withdrawn_at=text_or_none(standing, "withdrawn_at"),
            facts=object_of(members.get("facts")),
            training=None if training is None else object_of(training),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """That one person's part of an export is called back: whoever has it deletes it."""

    number: int
    export: str
    subject: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalls:
    """A page of what is called back, oldest first.

    Attributes:
        recalls: see `Recall`.
        next: to be asked behind, the next time.
        note: the same under the log's key, to be kept and shown later.
    """

    recalls: tuple[Recall, ...]
    next: int
    note: str

    @classmethod
    def parse(cls, value: Any) -> "Recalls":
        """Read an answer.

        Raises:
            UnusableAnswerError: it is none.
        """
        members = object_of(value)
        return cls(
            recalls=tuple(_recall(object_of(each)) for each in list_of(members, "recalls")),
            next=number_of(members, "next"),
            note=text_of(members, "note"),
        )


def _recall(members: dict[str, Any]) -> Recall:
    texts = {name: text_of(members, name) for name in ("export", "subject", "reason", "at")}
    return Recall(number=number_of(members, "number"), **texts)


class _Talk:
    """The conversations, whoever runs them."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def grant(
        self, notice: str, shown: Shown, lasts_days: int | None, concerning: Concerning
    ) -> Conversation[ConsentRecord]:
        """Have a consent recorded."""
        asked = _named(concerning) | {"notice": notice, "evidence": shown.document()}
        asked |= {} if lasts_days is None else {"lasts_days": lasts_days}
        return ConsentRecord.parse((yield from self._asking.said("POST", "/privacy/consents", asked)))

    def withdraw(self, shown: Shown, concerning: Concerning) -> Conversation[ConsentRecord]:
        """Have it recorded that a consent is taken back."""
        asked = _named(concerning) | {"evidence": shown.document()}
        return ConsentRecord.parse((yield from self._asking.said("POST", "/privacy/consents/withdraw", asked)))

    def standing(self, concerning: Concerning) -> Conversation[Standing]:
        """Ask how a consent stands."""
        asked = _named(concerning)
        return Standing.parse((yield from self._asking.said("POST", "/privacy/consents/standing", asked)))

    def recalls(self, after: int) -> Conversation[Recalls]:
        """Ask what is called back."""
        query = {"after": str(after)}
        return Recalls.parse((yield from self._asking.said("GET", "/privacy/recalls", None, query)))


def _named(concerning: Concerning) -> dict[str, Any]:
    person = concerning["person"].document()
    return {"person": person, "purpose": concerning["purpose"], "scope": concerning["scope"]}


class Consents:
    """Records consents and asks for them, and waits."""

    def __init__(self, asking: Asking, run: Callable[[Conversation[Any]], Any]) -> None:
        """Ask as `asking` does; `run` waits for what comes."""
        self._consents, self._run = _Talk(asking), run

    def grant(
        self, notice: str, shown: Shown, *, lasts_days: int | None = None, **concerning: Unpack[Concerning]
    ) -> ConsentRecord:
        """Have it recorded that a person consents, after reading a text, and return the record with a receipt.

        Args:
            notice: hex SHA-256 of the text that the person was shown: the newest of this purpose.
            shown: where it can be seen that they said so.
            lasts_days: for how long; as long as the purpose allows, unless it says less.
            concerning: the `person`, the `purpose`, the `scope`.

        Raises:
            NotPermittedError: policy denies it.
            ClientError: there is no answer that can be used.
        """
        found: ConsentRecord = self._run(self._consents.grant(notice, shown, lasts_days, concerning))
        return found

    def withdraw(self, shown: Shown, **concerning: Unpack[Concerning]) -> ConsentRecord:
        """Have it recorded that a person takes consent back, or objects; exports are called back. Raises as `grant`."""
        found: ConsentRecord = self._run(self._consents.withdraw(shown, concerning))
        return found

    def standing(self, **concerning: Unpack[Concerning]) -> Standing:
        """Return how a consent stands now; raises as `grant`."""
        found: Standing = self._run(self._consents.standing(concerning))
        return found

    def recalls(self, after: int = 0) -> Recalls:
        """Return what is called back behind the number `after`, some of it: ask again behind `next`, until it is empty.

        Raises as `grant`.
        """
        found: Recalls = self._run(self._consents.recalls(after))
        return found


class AsyncConsents:
    """As `Consents`, to be awaited."""

    def __init__(self, asking: Asking, run: Callable[[Conversation[Any]], Awaitable[Any]]) -> None:
        """Ask as `asking` does; `run` awaits what comes."""
        self._consents, self._run = _Talk(asking), run

    async def grant(
        self, notice: str, shown: Shown, *, lasts_days: int | None = None, **concerning: Unpack[Concerning]
    ) -> ConsentRecord:
        """See `Consents.grant`."""
        found: ConsentRecord = await self._run(self._consents.grant(notice, shown, lasts_days, concerning))
        return found

    async def withdraw(self, shown: Shown, **concerning: Unpack[Concerning]) -> ConsentRecord:
        """See `Consents.withdraw`."""
        found: ConsentRecord = await self._run(self._consents.withdraw(shown, concerning))
        return found

    async def standing(self, **concerning: Unpack[Concerning]) -> Standing:
        """See `Consents.standing`."""
        found: Standing = await self._run(self._consents.standing(concerning))
        return found

    async def recalls(self, after: int = 0) -> Recalls:
        """See `Consents.recalls`."""
        found: Recalls = await self._run(self._consents.recalls(after))
        return found
