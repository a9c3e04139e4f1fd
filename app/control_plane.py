"""The control plane as an ASGI application, beside the decision plane of a worker or alone.

Owns when it is made, how many of its requests wait, and that a body is here before a thread is taken. What it answers
is `app.control`'s business, which is imported with the first request: a worker that nobody reads pages on has neither
Flask nor a product database.
"""

import asyncio
import hmac
import logging
import os
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

from app import db, keys
from app.blocking_pdp import BlockingPdp
from app.decision_plane.http import (
    DisconnectedError,
    ProblemError,
    Receive,
    Request,
    Scope,
    Send,
    as_problem,
    send_answer,
)
from app.errors import problem
from app.pdp.enforce import Pdp
from app.settings import Settings, SettingsError

_LOG = logging.getLogger(__name__)
_THREADS: Final = 8  # that answer pages
_MOST: Final = 64  # requests that are answered or wait for a thread
_LONGEST_SECRET: Final = 4_096
_OPERATIONS: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class Application(Protocol):
    """An ASGI 3.0 application."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""


class Serving(Application, Protocol):
    """An application that knows which paths are its own."""

    def serves(self, path: str) -> bool:
        """Return whether it has something at `path`."""


class NotCoveredError(Exception):
    """The policies in force do not decide on everything that the control plane would do."""


class Opened:
    """A control plane that answers, until it is closed."""

    def __init__(self, settings: Settings, node: keys.NodeKeys, pdp: BlockingPdp) -> None:
        """Make it.

        Raises:
            NotCoveredError: see there.
            SettingsError: the client's secret cannot be read, or the policy repository cannot be used.
            DatabaseUrlError: the product database cannot be opened.
        """
        from a2wsgi import WSGIMiddleware  # noqa: PLC0415 - see the module

        from app.control import Control, create_app  # noqa: PLC0415 - see the module
        from app.features.policies.changes.opening import open_board  # noqa: PLC0415 - see the module
        from app.features.policies.library import InGit  # noqa: PLC0415 - see the module
        from app.features.policies.results.results import Results  # noqa: PLC0415 - see the module
        from app.features.session.links import Links  # noqa: PLC0415 - see the module
        from app.pep import MAX_BODY, UngatedError  # noqa: PLC0415 - see the module

        board = open_board(settings, pdp, lambda: datetime.now(UTC))
        links = Links(key=node.token, issuer=settings.origin, now=time.time, random=os.urandom)
        control = Control(
            pdp=pdp,
            secret=hmac.new(node.lookup, b"omega control plane", "sha256").digest(),
            public_url=settings.public_url or "",
            links=links,
            results=Results(settings.bundles),
            provider=provider(settings),
            board=board,
            library=None if board is None else InGit(board.repository),
        )
        self.most = MAX_BODY
        self._held = ExitStack()
        if board is not None:
            self._held.callback(board.close)
        try:
            flask: Any = create_app(control)
        except UngatedError as error:
            self._held.close()
            raise NotCoveredError(str(error)) from error
        self._held.enter_context(db.product(db.open_engine(settings.product)))
        self.application: Any = WSGIMiddleware(flask, workers=_THREADS)

    def close(self) -> None:
        """Let go of the database and the threads, once they are done."""
        self.application.executor.shutdown()
        self._held.close()


class ControlPlane:
    """An ASGI application that makes itself with the first request."""

    def __init__(self, opened: Callable[[], Opened], revision: Callable[[], str]) -> None:
        """Serve what `opened` makes; where it cannot, try again once `revision` says other policies are in force."""
        self._open, self._revision = opened, revision
        self._opened: Opened | None = None
        self._uncovered: str | None = None
        self._opening = asyncio.Lock()
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request.from_scope(scope, receive)
        if self._waiting >= _MOST:
            await send_answer(send, as_problem(problem("overloaded")))
            return
        self._waiting += 1
        try:
            opened = await self.open()
            body = await request.body(opened.most)
            await opened.application(scope, _whole(body, receive), send)
        except ProblemError as error:
            await send_answer(send, as_problem(error.problem), error.headers)
        except NotCoveredError:
            await send_answer(send, as_problem(problem("control_unavailable")))
        except DisconnectedError:
            return
        finally:
            self._waiting -= 1

    async def open(self) -> Opened:
        """Return it, made if it was not yet.

        Raises:
            NotCoveredError: see there; said in the log of the service once for each bundle.
        """
        async with self._opening:
            if self._opened is None:
                revision = self._revision()
                if revision == self._uncovered:
                    raise NotCoveredError
                try:
                    self._opened = await asyncio.to_thread(self._open)
                except NotCoveredError as error:
                    _LOG.error("the control plane is not served: %s", error)
                    self._uncovered = revision
                    raise
                except (SettingsError, db.DatabaseUrlError) as error:
                    _LOG.error("the control plane is not served: %s", error)
                    raise NotCoveredError from error
            return self._opened

    async def close(self) -> None:
        """Let go of everything."""
        if self._opened is not None:
            await asyncio.to_thread(self._opened.close)


class Beside:
    """Two applications on one port: what `first` has, and `second` for all other paths."""

    def __init__(self, first: Serving, second: Application, own: Collection[str] | None = None) -> None:
        """Ask `first` for the paths `own`, or (None) for all that it has."""
        self._first, self._second, self._own = first, second, own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"] if scope["type"] == "http" else ""
        firsts = self._first.serves(path) if self._own is None else path in self._own
        await (self._first if firsts or scope["type"] != "http" else self._second)(scope, receive, send)


def control_plane(settings: Settings, node: keys.NodeKeys, pdp: Pdp) -> ControlPlane:
    """Return the control plane of a worker, on its running loop."""
    blocking = BlockingPdp(pdp, asyncio.get_running_loop())
    return ControlPlane(lambda: Opened(settings, node, blocking), lambda: pdp.policies.bundle.digest)


def beside(first: Serving, control: ControlPlane) -> Beside:
    """Return decision plane and control plane on one port."""
    return Beside(first, control)


def alone(first: Serving, control: ControlPlane) -> Beside:
    """Return the control plane, and of the decision plane only what says how the worker does."""
    return Beside(first, control, _OPERATIONS)


def provider(settings: Settings) -> Any:
    """Return the identity provider that `settings` name, or None.

    Raises:
        SettingsError: our secret there cannot be read.
    """
    from app.features.session.provider import Provider  # noqa: PLC0415 - see the module

    if settings.oidc_issuer is None:
        return None
    return Provider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=None if settings.oidc_credential is None else _secret(settings.oidc_credential),
        redirect_uri=f"{settings.public_url}/session/callback",
        groups_claim=settings.oidc_groups_claim,
        ticks=time.monotonic,
        now=time.time,
    )


def _secret(path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST_SECRET + 1).strip().decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"OMEGA_OIDC_CLIENT_SECRET_FILE: `{path}` cannot be read") from error
    if not 0 < len(text) <= _LONGEST_SECRET:
        raise SettingsError(f"OMEGA_OIDC_CLIENT_SECRET_FILE: `{path}` holds no secret")
    return text


def _whole(body: bytes, receive: Receive) -> Receive:
    """Return what hands over a body that is here, and then what `receive` has."""
    handed = False

    async def next_message() -> Any:
        nonlocal handed
        if handed:
            return await receive()
        handed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_message
