"""What is sent, what is waited for, and what an answer means: the same for both clients, without any input or output.

Asks again after a 503 that says when, so many times, and after nothing else. Whatever is no decision is raised.
"""

import json
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import SystemRandom
from typing import Any, Final, Generic, NoReturn, TypedDict, TypeVar, Unpack

import httpx

from evidence.errors import EvidenceError
from evidence.key_history import KeyHistory
from evidence.keys import VerifierKey
from evidence.receipt import Receipt
from omega_client.errors import (
    ClientError,
    DeniedError,
    NotPermittedError,
    ObligationError,
    ReceiptError,
    RefusedError,
    UnavailableError,
    UnusableAnswerError,
)
from omega_client.evaluation import Durability, Evaluation, Question

_T = TypeVar("_T")

ATTEMPTS: Final = 3
LONGEST_PAUSE: Final = 5.0  # seconds between two attempts

_random: Final = SystemRandom().random
_LARGEST: Final = 4 << 20  # bytes of an answer
_DONE: Final = frozenset({200, 201, 202})
_NO_QUERY: Final[Mapping[str, str]] = {}
_BUSY: Final = 503
_REFUSED: Final = range(300, 500)
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for so many seconds."""

    seconds: float


Conversation = Generator[httpx.Request | Pause, httpx.Response | None, _T]
"""Yields what is to be done next, is sent the response to it, and returns what came of it."""


class Talk(Generic[_T]):
    """A conversation under way: `step` is what is to be done next, and None once it has ended with a `result`."""

    result: _T

    def __init__(self, conversation: Conversation[_T]) -> None:
        self._conversation = conversation
        self.step: httpx.Request | Pause | None = None
        self.go_on()

    def go_on(self, response: httpx.Response | None = None) -> None:
        """Take the next step; `response` is the one to a request.

        Raises:
            ClientError: the conversation ends with it.
        """
        try:
            self.step = self._conversation.send(response)
        except StopIteration as done:
            self.step, self.result = None, done.value


@contextmanager
def unanswered() -> Iterator[None]:
    """Say that there was no answer, where the transport fails.

    Raises:
        UnavailableError: it failed.
    """
    try:
        yield
    except httpx.HTTPError as error:
        raise UnavailableError(f"no answer: {type(error).__name__}") from error


class Wanted(TypedDict, total=False):
    """What is wanted beside the decision.

    Attributes:
        durability: where its record is by then; by default in the journal of the node.
        receipt: whether a receipt comes with it, which is checked.
    """

    durability: Durability
    receipt: bool


class Options(TypedDict, total=False):
    """How questions are asked; each has a default.

    Attributes:
        understands: the types of obligations that the caller meets; an allow under any other is an error.
        log_keys: verifier keys of the log (`omega keys list`), to check receipts by.
        attempts: how often a question is sent at most, while the service answers 503 and says when to return.
        longest_pause: seconds; a service that asks for more has no answer.
        jitter: returns a number from 0 to 1, which spreads those who return.
    """

    understands: Collection[str]
    log_keys: Sequence[str]
    attempts: int
    longest_pause: float
    jitter: Callable[[], float]


class Asking:
    """How questions are asked: where, as whom, how often, and what of the answers is understood."""

    def __init__(  # noqa: PLR0913 - what it is handed
        self,
        url: str,
        token: str | Callable[[], str],
        *,
        understands: Collection[str] = (),
        log_keys: Sequence[str] = (),
        attempts: int = ATTEMPTS,
        longest_pause: float = LONGEST_PAUSE,
        jitter: Callable[[], float] = _random,
    ) -> None:
        """See `Options`.

        Raises:
            ClientError: a key is none.
        """
        self._url, self._token = url.rstrip("/"), token
        self._understands = frozenset(understands)
        self._attempts, self._longest, self._jitter = attempts, longest_pause, jitter
        try:
            keys = tuple(VerifierKey.parse(text) for text in log_keys)
        except EvidenceError as error:
            raise ClientError(f"`log_keys` holds what is no verifier key: {error}") from error
        self._history = KeyHistory(keys=keys) if keys else None

    def one(
        self, question: Question, *, durability: Durability = Durability.JOURNAL, receipt: bool = False
    ) -> Conversation[Evaluation]:
        """Ask one question.

        Raises:
            ClientError: there is no decision that anybody may act on.
        """
        body = self._body(question)
        answer = yield from self._asked("/access/v1/evaluation", body, durability, receipt=receipt)
        return self._checked(Evaluation.parse(answer), durability, receipt=receipt)

    def allowed(self, question: Question, **wanted: Unpack[Wanted]) -> Conversation[Evaluation]:
        """Ask one question, to which only an allow is an answer.

        Raises:
            DeniedError: policy denies it.
            ClientError: as `one`.
        """
        evaluation = yield from self.one(question, **wanted)
        if not evaluation.decision:
            raise DeniedError(evaluation)
        return evaluation

    def all(
        self, questions: Sequence[Question], *, durability: Durability = Durability.JOURNAL, receipt: bool = False
    ) -> Conversation[tuple[Evaluation, ...]]:
        """Ask several questions at once; the answers are in their order.

        Raises:
            ClientError: of one of them there is no decision that anybody may act on.
        """
        if not questions:
            return ()
        body = {"evaluations": [self._body(each) for each in questions]}
        answer = yield from self._asked("/access/v1/evaluations", body, durability, receipt=receipt)
        evaluations = Evaluation.parse_all(answer, len(questions))
        return tuple(self._checked(each, durability, receipt=receipt) for each in evaluations)

    def _body(self, question: Question) -> dict[str, Any]:
        """Return a question that says which obligations are understood (AuthZEN Obligations Profile, draft 1)."""
        body = question.document()
        return body | {"context": body["context"] | {"supported_obligations": sorted(self._understands)}}

    def _asked(self, path: str, body: dict[str, Any], durability: Durability, *, receipt: bool) -> Conversation[Any]:
        """Return the document of an answer with status 200."""
        if receipt and self._history is None:
            raise ReceiptError("a receipt proves nothing without the log's key: hand `log_keys` to the client")
        query = ({} if durability is Durability.JOURNAL else {"durability": durability.value}) | (
            {"receipt": "true"} if receipt else {}
        )
        return (yield from self.said("POST", path, body, query))

    def said(
        self, method: str, path: str, body: dict[str, Any] | None, query: Mapping[str, str] = _NO_QUERY
    ) -> Conversation[Any]:
        """Send one request, and return the document of an answer that is no refusal.

        Raises:
            ClientError: there is none.
        """
        request = self._request(method, path, body, query)
        attempt = 0
        while True:
            response = yield request
            assert response is not None  # noqa: S101 - what answers a request
            if response.status_code in _DONE:
                return _document(response)
            pause = self._pause(response, attempt)
            if pause is None:
                _raise(response)
            yield Pause(pause)
            attempt += 1

    def _request(self, method: str, path: str, body: dict[str, Any] | None, query: Mapping[str, str]) -> httpx.Request:
        token = self._token if isinstance(self._token, str) else self._token()
        headers = {"authorization": f"Bearer {token}"} | ({} if body is None else {"content-type": "application/json"})
        try:
            content = None if body is None else json.dumps(body, allow_nan=False).encode()
        except (TypeError, ValueError):
            raise ClientError("the question holds a value that JSON does not have") from None
        try:
            return httpx.Request(method, self._url + path, params=query, headers=headers, content=content)
        except (httpx.InvalidURL, UnicodeEncodeError):
            raise ClientError("the URL of the service or the token cannot be used") from None

    def _pause(self, response: httpx.Response, attempt: int) -> float | None:
        """Return how long to wait before asking again, if that is what to do."""
        said = response.headers.get("retry-after", "")
        if response.status_code != _BUSY or attempt + 1 >= self._attempts:
            return None
        if not said.isascii() or not said.isdigit() or len(said) > _DIGITS:
            return None
        pause: float = int(said) * 2**attempt * (1 + self._jitter() / 2)
        return pause if pause <= self._longest else None

    def _checked(self, evaluation: Evaluation, durability: Durability, *, receipt: bool) -> Evaluation:
        """Return an evaluation that the caller may look at: proved as asked, and without duties nobody understands."""
        evidence = evaluation.evidence
        if evidence is not None:
            if durability is Durability.LOCKED and evidence.durability is not Durability.LOCKED:
                raise UnusableAnswerError("the record is not locked in the store, as was asked")
            if receipt:
                self._verify_receipt(evaluation)
        unknown = evaluation.obligation_types - self._understands
        if evaluation.decision and unknown:
            raise ObligationError(evaluation, unknown)
        return evaluation

    def _verify_receipt(self, evaluation: Evaluation) -> None:
        evidence, history = evaluation.evidence, self._history
        if evidence is None or history is None or evidence.receipt is None:
            raise ReceiptError("the answer has no receipt")
        try:
            found = Receipt.verify(evidence.receipt.encode(), history)
        except (EvidenceError, UnicodeEncodeError) as error:
            raise ReceiptError(f"the receipt does not hold: {error}") from error
        named = {(each.position.decision_id, each.leaf) for each in found.records}
        if (evaluation.decision_id, evidence.leaf_hash) not in named:
            raise ReceiptError("the receipt is of another record")


def _document(response: httpx.Response) -> Any:
    if len(response.content) > _LARGEST:
        raise UnusableAnswerError("the answer is too large")
    try:
        return json.loads(response.content, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise UnusableAnswerError("the answer is no JSON in which each name stands once") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands there twice")
    return members


def _raise(response: httpx.Response) -> NoReturn:
    """Raise what an answer means that is no decision."""
    try:
        found = _document(response)
    except UnusableAnswerError:
        found = None
    problem = found if isinstance(found, dict) else {}
    code, detail = (text if isinstance(text := problem.get(name), str) else "" for name in ("type", "detail"))
    code = code.removeprefix("urn:omega:problem:") or "unknown"
    if code == "denied":
        raise NotPermittedError(detail, _text(problem.get("decision_id")), _gates(problem.get("gates")))
    if response.status_code in _REFUSED:
        raise RefusedError(response.status_code, code, detail)
    raise UnavailableError(f"the service answers {response.status_code} `{code}`")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _gates(value: Any) -> tuple[str, ...]:
    """Return the ids of the gates that a problem names."""
    listed = value if isinstance(value, list) else []
    return tuple(_text(each.get("id")) for each in listed if isinstance(each, dict))
