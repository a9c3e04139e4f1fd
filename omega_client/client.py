"""The two clients: they do what a conversation says, one of them waiting in its thread, the other on its loop."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Self, TypeVar, Unpack

import httpx

from omega_client.conversation import Asking, Conversation, Options, Pause, Talk, Wanted, unanswered
from omega_client.evaluation import Entity, Evaluation, Question
from omega_client.privacy import AsyncPrivacy, Privacy

_T = TypeVar("_T")

TIMEOUT: Final = 10.0  # seconds for each step of an exchange
_NO_CONTEXT: Final[Mapping[str, Any]] = {}


class Client:
    """Asks, and waits for the answer. As a context it closes its connections. May be shared by threads."""

    def __init__(
        self,
        url: str,
        token: str | Callable[[], str],
        *,
        timeout: float = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        **options: Unpack[Options],
    ) -> None:
        """Prepare to ask the service at `url`.

        Args:
            url: such as http://127.0.0.1:8420.
            token: of this service, or what returns a fresh one.
            timeout: seconds for connecting, and for each read and write.
            transport: instead of TLS and connections as httpx makes them by itself; nothing of the environment counts.
            sleep: waits.
            options: `understands`, `log_keys`, `attempts`, `longest_pause`, `jitter`; see `Options`.

        Raises:
            ClientError: a key is none.
        """
        self._asking = Asking(url, token, **options)
        self._http = httpx.Client(timeout=timeout, transport=transport, trust_env=False)
        self._sleep = sleep
        self.privacy: Final = Privacy(self._asking, self._run)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def evaluate(
        self,
        subject: Entity,
        action: str,
        resource: Entity,
        context: Mapping[str, Any] = _NO_CONTEXT,
        **wanted: Unpack[Wanted],
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
        return self._run(self._asking.one(question, **wanted))

    def evaluate_all(self, questions: Sequence[Question], **wanted: Unpack[Wanted]) -> tuple[Evaluation, ...]:
        """Return the decisions on several questions, in their order, asked at once; see `evaluate`.

        Raises:
            ClientError: as `evaluate`, if one of them would.
        """
        return self._run(self._asking.all(questions, **wanted))

    def enforce(
        self,
        subject: Entity,
        action: str,
        resource: Entity,
        context: Mapping[str, Any] = _NO_CONTEXT,
        **wanted: Unpack[Wanted],
    ) -> Evaluation:
        """Return an allow, or raise; see `evaluate`.

        Raises:
            DeniedError: policy denies it.
            ClientError: as `evaluate`.
        """
        question = Question(subject=subject, action=action, resource=resource, context=context)
        return self._run(self._asking.allowed(question, **wanted))

    def _run(self, conversation: Conversation[_T]) -> _T:
        talk = Talk(conversation)
        while (step := talk.step) is not None:
            if isinstance(step, Pause):
                self._sleep(step.seconds)
                talk.go_on()
            else:
                with unanswered():
                    response = self._http.send(step)
                talk.go_on(response)
        return talk.result


class AsyncClient:
    """Asks, on a loop. As an asynchronous context it closes its connections."""

    def __init__(
        self,
        url: str,
        token: str | Callable[[], str],
        *,
        timeout: float = TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        **options: Unpack[Options],
    ) -> None:
        """Prepare to ask the service at `url`; see `Client`."""
        self._asking = Asking(url, token, **options)
        self._http = httpx.AsyncClient(timeout=timeout, transport=transport, trust_env=False)
        self._sleep = sleep
        self.privacy: Final = AsyncPrivacy(self._asking, self._run)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def evaluate(
        self,
        subject: Entity,
        action: str,
        resource: Entity,
        context: Mapping[str, Any] = _NO_CONTEXT,
        **wanted: Unpack[Wanted],
    ) -> Evaluation:
        """Return the decision; see `Client.evaluate`."""
        question = Question(subject=subject, action=action, resource=resource, context=context)
        return await self._run(self._asking.one(question, **wanted))

    async def evaluate_all(self, questions: Sequence[Question], **wanted: Unpack[Wanted]) -> tuple[Evaluation, ...]:
        """Return the decisions on several questions; see `Client.evaluate_all`."""
        return await self._run(self._asking.all(questions, **wanted))

    async def enforce(
        self,
        subject: Entity,
        action: str,
        resource: Entity,
        context: Mapping[str, Any] = _NO_CONTEXT,
        **wanted: Unpack[Wanted],
    ) -> Evaluation:
        """Return an allow, or raise; see `Client.enforce`."""
        question = Question(subject=subject, action=action, resource=resource, context=context)
        return await self._run(self._asking.allowed(question, **wanted))

    async def _run(self, conversation: Conversation[_T]) -> _T:
        talk = Talk(conversation)
        while (step := talk.step) is not None:
            if isinstance(step, Pause):
                await self._sleep(step.seconds)
                talk.go_on()
            else:
                with unanswered():
                    response = await self._http.send(step)
                talk.go_on(response)
        return talk.result
