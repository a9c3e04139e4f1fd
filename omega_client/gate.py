"""`@requires`: a function that is only called once it was allowed, and knows by which decision."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar, overload

from omega_client.client import AsyncClient, Client
from omega_client.errors import ClientError
from omega_client.evaluation import Durability, Entity, Evaluation

_P = ParamSpec("_P")
_R = TypeVar("_R")

About = tuple[Entity, Entity] | tuple[Entity, Entity, dict[str, Any]]
"""Who asks and about what, and perhaps the circumstances."""

_permitted: ContextVar[Evaluation] = ContextVar("permitted")


def permitted_by() -> Evaluation:
    """Return the decision by which the function that is running was allowed; keep its id beside what is done.

    Raises:
        ClientError: nothing was allowed here.
    """
    try:
        return _permitted.get()
    except LookupError:
        raise ClientError("no function with `@requires` is running") from None


@overload
def requires(
    action: str, *, client: Client, about: Callable[_P, About], durability: Durability = ..., receipt: bool = ...
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]: ...


@overload
def requires(
    action: str, *, client: AsyncClient, about: Callable[_P, About], durability: Durability = ..., receipt: bool = ...
) -> Callable[[Callable[_P, Awaitable[_R]]], Callable[_P, Coroutine[Any, Any, _R]]]: ...


def requires(
    action: str,
    *,
    client: Client | AsyncClient,
    about: Callable[..., About],
    durability: Durability = Durability.JOURNAL,
    receipt: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator: what it decorates asks for `action` before each call, and is called on an allow alone.

    Args:
        action: the whole name.
        client: who asks; an asynchronous function takes an asynchronous client.
        about: returns subject, resource and perhaps context for the arguments of a call.
        durability: where the record has to be by then.
        receipt: whether the log's receipt is asked for and checked.

    Raises:
        TypeError: function and client are not of one kind, or the function is a generator.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError("a generator runs when nobody asks any more")
        if inspect.iscoroutinefunction(function) != isinstance(client, AsyncClient):
            raise TypeError("an asynchronous function takes an `AsyncClient`, any other a `Client`")
        if isinstance(client, AsyncClient):
            return _waiting(function, client)
        return _blocking(function, client)

    def _blocking(function: Callable[..., Any], client: Client) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            subject, resource, *context = about(*args, **kwargs)
            token = _permitted.set(
                client.enforce(subject, action, resource, *context, durability=durability, receipt=receipt)
            )
            try:
                return function(*args, **kwargs)
            finally:
                _permitted.reset(token)

        return call

    def _waiting(function: Callable[..., Any], client: AsyncClient) -> Callable[..., Any]:
        @functools.wraps(function)
        async def call(*args: Any, **kwargs: Any) -> Any:
            subject, resource, *context = about(*args, **kwargs)
            token = _permitted.set(
                await client.enforce(subject, action, resource, *context, durability=durability, receipt=receipt)
            )
            try:
                return await function(*args, **kwargs)
            finally:
                _permitted.reset(token)

        return call

    return decorate
