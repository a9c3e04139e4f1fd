"""The two clients: they do what a conversation says, one of them waiting in its thread, the other on its loop."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from random import SystemRandom
from typing import Any, Final, Self, TypeVar

import httpx

from omega_client.conversation import Asking, Conversation, Pause
from omega_client.errors import DeniedError, UnavailableError
from omega_client.evaluation import Durability, Entity, Evaluation, Question

_T = TypeVar("_T")

TIMEOUT: Final = 10.0  # seconds for each step of an exchange
ATTEMPTS: Final = 3
LONGEST_PAUSE: Final = 5.0  # seconds between two attempts
_NO_CONTEXT: Final[Mapping[str, Any]] = {}
_random: Final = SystemRandom().random


class Client:
    """Asks, and waits for the answer. As a context it closes its connections. May be shared by threads."""

    def __init__(  # noqa: PLR0913 - what it is handed
        self,
        url: str,
        token: str | Callable[[], str],
        *,
        understands: Collection[str] = (),
        log_keys: Sequence[str] = (),
        timeout: float = TIMEOUT,
        attempts: int = ATTEMPTS,
        longest_pause: float = LONGEST_PAUSE,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = _random,
    ) -> None:
        """Prepare to ask the service at `url`.

        Args:
            url: such as http://127.0.0.1:8420.
            token: of this service, or what returns a fresh one.
            understands: the types of obligations that the caller meets; an allow under any other is an error.
            log_keys: verifier keys of the log (`omega keys list`), to check receipts by.
            timeout: seconds for connecting, and for each read and write.
            attempts: how often a question is sent at most, while the service answers 503 and says when to return.
            longest_pause: seconds; a service that asks for more has no answer.
            transport: instead of TLS and connections as httpx makes them by itself; nothing of the environment counts.
            sleep: waits.
            jitter: returns a number from 0 to 1, which spreads those who return.

        Raises:
            ClientError: a key is none.
        """
        self._asking = Asking(
            url,
            token,
            understands=understands,
            log_keys=log_keys,
            attempts=attempts,
            longest_pause=longest_pause,
            jitter=jitter,
        )
        self._http = httpx.Client(timeout=timeout, transport=transport, trust_env=False)
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def evaluate(  # noqa: PLR0913 - a question has four parts
        self,
        subject: Entity,
        action: str,
        resource: Entity,
        context: Mapping[str, Any] = _NO_CONTEXT,
        *,
        durability: Durability = Durability.JOURNAL,
        receipt: bool = False,
    ) -> Evaluation:
        """Return the decision, allow or deny, which is on record.

        Raises:
            ObligationError: an allow under an obligation that the caller does not understand.
            ReceiptError: a receipt was asked for, and none came that holds.
            RefusedError: the service took it for no question, or the caller for nobody.
            UnavailableError: no answer.
            UnusableAnswerError: an answer that is no decision.
        """
        question = Question(subject=subject, action=action, resource=resource, context=context)
        return self._run(self._asking.one(question, durability=durability, receipt=receipt))

    def evaluate_all(
        self, questions: Sequence[Question], *, durability: Durability = Durability.JOURNAL, receipt: bool = False
    ) -> tuple[Evaluation, ...]:
        """Return the decisions on several questions, in their order, asked at once; see `evaluate`.

        Raises:
            ClientError: as `evaluate`, if one of them would.
        """
        return self._run(self._asking.all(questions, durability=durability, receipt=receipt))

    def enforce(  # noqa: PLR0913 - a question has four parts
        self,
        subject: Entity,
        action: str,
        resource: Entity,
        context: Mapping[str, Any] = _NO_CONTEXT,
        *,
        durability: Durability = Durability.JOURNAL,
        receipt: bool = False,
    ) -> Evaluation:
        """Return an allow, or raise; see `evaluate`.

        Raises:
            DeniedError: policy denies it.
            ClientError: as `evaluate`.
        """
        evaluation = self.evaluate(subject, action, resource, context, durability=durability, receipt=receipt)
        return _allowed(evaluation)

    def _run(self, conversation: Conversation[_T]) -> _T:
        response = None
        while True:
            try:
                step = conversation.send(response)
            except StopIteration as done:
                result: _T = done.value
                return result
            if isinstance(step, Pause):
                self._sleep(step.seconds)
                response = None
                continue
            try:
                response = self._http.send(step)
            except httpx.HTTPError as error:
                raise UnavailableError(f"no answer: {type(error).__name__}") from error


class AsyncClient:
    """Asks, on a loop. As an asynchronous context it closes its connections."""

    def __init__(  # noqa: PLR0913 - what it is handed
        self,
        url: str,
        token: str | Callable[[], str],
        *,
        understands: Collection[str] = (),
        log_keys: Sequence[str] = (),
        timeout: float = TIMEOUT,
        attempts: int = ATTEMPTS,
        longest_pause: float = LONGEST_PAUSE,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = _random,
    ) -> None:
        """Prepare to ask the service at `url`; see `Client`."""
        self._asking = Asking(
            url,
            token,
            understands=understands,
            log_keys=log_keys,
            attempts=attempts,
            longest_pause=longest_pause,
            jitter=jitter,
        )
        self._http = httpx.AsyncClient(timeout=timeout, transport=transport, trust_env=False)
        self._sleep = sleep

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def evaluate(  # noqa: PLR0913 - a question has four parts
        self,
        subject: Entity,
        action: str,
        resource: Entity,
        context: Mapping[str, Any] = _NO_CONTEXT,
        *,
        durability: Durability = Durability.JOURNAL,
        receipt: bool = False,
    ) -> Evaluation:
        """Return the decision; see `Client.evaluate`."""
        question = Question(subject=subject, action=action, resource=resource, context=context)
        return await self._run(self._asking.one(question, durability=durability, receipt=receipt))

    async def evaluate_all(
        self, questions: Sequence[Question], *, durability: Durability = Durability.JOURNAL, receipt: bool = False
    ) -> tuple[Evaluation, ...]:
        """Return the decisions on several questions; see `Client.evaluate_all`."""
        return await self._run(self._asking.all(questions, durability=durability, receipt=receipt))

    async def enforce(  # noqa: PLR0913 - a question has four parts
        self,
        subject: Entity,
        action: str,
        resource: Entity,
        context: Mapping[str, Any] = _NO_CONTEXT,
        *,
        durability: Durability = Durability.JOURNAL,
        receipt: bool = False,
    ) -> Evaluation:
        """Return an allow, or raise; see `Client.enforce`."""
        evaluation = await self.evaluate(subject, action, resource, context, durability=durability, receipt=receipt)
        return _allowed(evaluation)

    async def _run(self, conversation: Conversation[_T]) -> _T:
        response = None
        while True:
            try:
                step = conversation.send(response)
            except StopIteration as done:
                result: _T = done.value
                return result
            if isinstance(step, Pause):
                await self._sleep(step.seconds)
                response = None
                continue
            try:
                response = await self._http.send(step)
            except httpx.HTTPError as error:
                raise UnavailableError(f"no answer: {type(error).__name__}") from error


def _allowed(evaluation: Evaluation) -> Evaluation:
    if not evaluation.decision:
        raise DeniedError(evaluation)
    return evaluation
