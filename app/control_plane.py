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
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, ExitStack, nullcontext
from datetime import UTC, datetime
from functools import partial
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
    whole,
)
from app.errors import problem
from app.identity import SCOPE
from app.kek_opening import open_keks
from app.objects import ObjectsError, open_objects
from app.pdp.enforce import Caller, Pdp
from app.pdp.errors import UnrecordedError
from app.privacy.detection import recogniser_file
from app.privacy.keks import Keks
from app.privacy.key_table import KeyTable
from app.privacy.persons import KeptPersons
from app.settings import Settings, SettingsError
from app.tenants import residence
from evidence import note

_LOG = logging.getLogger(__name__)
_THREADS: Final = 8  # that answer pages
_MOST: Final = 64  # requests that are answered or wait for a thread
_FILES: Final = 4  # requests with files that are in memory
_COMMON: Final = 256 << 10  # bytes of a body without a file
_LONGEST_SECRET: Final = 4_096
CONTROL_TENANT: Final = "default"
"""Whose officers, and whose visitors, the control plane answers."""

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
            SettingsError: the client's secret or one's own frameworks cannot be read, or the policy repository cannot
                be used.
            DatabaseUrlError, ObjectsError: the product database, or where objects lie, cannot be opened.
        """
        from a2wsgi import WSGIMiddleware  # noqa: PLC0415 - see the module

        from app.audits.database import open_portal, portal_data  # noqa: PLC0415 - see the module
        from app.control import Control, create_app  # noqa: PLC0415 - see the module
        from app.features.ai_act.node_records import NodeRecords  # noqa: PLC0415 - see the module
        from app.features.dsr.opening import Opened as Rights  # noqa: PLC0415 - see the module
        from app.features.dsr.running.opening import descriptions  # noqa: PLC0415 - see the module
        from app.features.engagements.desk import OfNode as Places  # noqa: PLC0415 - see the module
        from app.features.frameworks.records import OfNode  # noqa: PLC0415 - see the module
        from app.features.marketplace.billing.provider import open_provider  # noqa: PLC0415 - see the module
        from app.features.marketplace.catalogue.examination import Examination  # noqa: PLC0415 - see the module
        from app.features.marketplace.inspection.advisories import Advisories  # noqa: PLC0415 - see the module
        from app.features.marketplace.sales.orders import bought  # noqa: PLC0415 - see the module
        from app.features.marketplace.sales.selling import till_of  # noqa: PLC0415 - see the module
        from app.features.marketplace.supply.places import Places as Supply  # noqa: PLC0415 - see the module
        from app.features.policies.changes.opening import open_board  # noqa: PLC0415 - see the module
        from app.features.policies.library import InGit  # noqa: PLC0415 - see the module
        from app.features.policies.results.promotions import Promotions, counting  # noqa: PLC0415 - see the module
        from app.features.policies.results.results import Results  # noqa: PLC0415 - see the module
        from app.features.privacy.office import Office  # noqa: PLC0415 - see the module
        from app.features.privacy.redacting import Patterns, Redaction, load_patterns  # noqa: PLC0415 - see the module
        from app.features.session.links import Links  # noqa: PLC0415 - see the module
        from app.pep import CONTROL, UngatedError, largest_body  # noqa: PLC0415 - see the module

        collected = _collected(settings)
        board = open_board(settings, pdp, lambda: datetime.now(UTC))
        rights = Rights.of(settings)
        key_store = db.open_engine(settings.key_store)
        persons = KeptPersons(KeyTable(key_store, Keks(open_keks(settings).load)), node.lookup)
        links = Links(key=node.token, issuer=settings.origin, now=time.time, random=os.urandom)
        places, resident, payments = Places(settings), residence(settings), open_provider(settings)
        control = Control(
            pdp=pdp,
            secret=control_secret(node.lookup),
            public_url=settings.public_url or "",
            links=links,
            results=Results(settings.bundles),
            promotions=Promotions(counting(settings), time.time),
            provider=provider(settings),
            board=board,
            collection=lambda: collected,
            records=OfNode(settings, node.log.verifier),
            library=None if board is None else InGit(board.repository),
            known=NodeRecords(settings),
            audits=places,
            rights=rights,
            payments=payments,
            redaction=Redaction(
                persons=persons,
                find=Patterns(partial(load_patterns, recogniser_file.load(settings.detection))),
                names=settings.names,
                now=time.time,
                ticks=time.monotonic,
            ),
            objects=open_objects(settings.objects),
            examiner=Examination(partial(Advisories.load, settings.advisories)),
            bought=lambda session, buyer, agent: bought(session, buyer, agent) is not None,
            supply=Supply(now=time.time, keys=settings.keys),
            till=till_of(
                payments.payments,
                lambda: pdp.policies.bundle,
                lambda asked: pdp.enforce(asked, CONTROL),
                targets=[each.name for each in settings.alerts],
                now=time.time,
            ),
            office=Office(
                persons=persons,
                sign=lambda text: note.sign(text, node.log),
                log=settings.origin,
                index=places.index,
                stores=lambda: descriptions(settings),
                homes={name: home.value for name, home in resident.homes.items()},
                region="" if resident.region is None else resident.region.value,
                now=time.time,
            ),
        )
        self._held = ExitStack()
        self._held.callback(rights.close)
        self._held.callback(key_store.dispose)
        if board is not None:
            self._held.callback(board.close)
        try:
            flask: Any = create_app(control)
        except UngatedError as error:
            self._held.close()
            raise NotCoveredError(str(error)) from error
        self._held.enter_context(db.product(db.open_engine(settings.product)))
        self._held.enter_context(portal_data.opened(open_portal(settings.audits)))
        self.largest: Callable[[str, str], int] = partial(largest_body, flask)
        self.application: Any = WSGIMiddleware(flask, workers=_THREADS)

    def close(self) -> None:
        """Let go of the database and the threads, once they are done."""
        self.application.executor.shutdown()
        self._held.close()


class ControlPlane:
    """An ASGI application that makes itself with the first request."""

    def __init__(
        self,
        opened: Callable[[], Opened],
        revision: Callable[[], str],
        caller: Callable[[Request], Awaitable[Caller]] | None = None,
        admitted: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Serve what `opened` makes; where it cannot, try again once `revision` says other policies are in force.

        `caller` returns who sends a request that has a token, or raises `ProblemError`; without it, nobody is known.
        `admitted` raises `ProblemError` where the data of a tenant may not be here.
        """
        self._open, self._revision, self._caller, self._admitted = opened, revision, caller, admitted
        self._opened: Opened | None = None
        self._uncovered: str | None = None
        self._opening = asyncio.Lock()
        self._waiting = 0
        self._files = asyncio.Semaphore(_FILES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request.from_scope(scope, receive)
        if self._waiting >= _MOST:
            await send_answer(send, as_problem(problem("overloaded")))
            return
        self._waiting += 1
        try:
            opened = await self.open()
            most = opened.largest(scope["path"], scope["method"])
            async with self._room(most):
                shown = await self._shown(request)
                body = await request.body(most)
                await opened.application({**scope, **shown}, whole(body, receive), send)
        except ProblemError as error:
            await send_answer(send, as_problem(error.problem), error.headers)
        except NotCoveredError:
            await send_answer(send, as_problem(problem("control_unavailable")))
        except UnrecordedError:
            await send_answer(send, as_problem(problem("evidence_unavailable")))
        except DisconnectedError:
            return
        finally:
            self._waiting -= 1

    async def _shown(self, request: Request) -> dict[str, Any]:
        """Return what a request has shown of its sender. Who has no token is a person, or nobody yet.

        Raises:
            ProblemError: a token was shown that proves nobody, or its service asks too often.
        """
        if b"authorization" not in request.headers:
            self._admitted(CONTROL_TENANT)
            return {}
        if self._caller is None:
            raise ProblemError(problem("unauthenticated"))
        return {SCOPE: await self._caller(request)}

    def _room(self, most: int) -> AbstractAsyncContextManager[None]:
        """Return what a request holds while its body of `most` bytes is in memory.

        Raises:
            ProblemError: too many that large are.
        """
        if most <= _COMMON:
            return nullcontext()
        if self._files.locked():
            raise ProblemError(problem("overloaded"))
        return self._files

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
                except (SettingsError, db.DatabaseUrlError, ObjectsError) as error:
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


def control_plane(
    settings: Settings,
    node: keys.NodeKeys,
    pdp: Pdp,
    caller: Callable[[Request], Awaitable[Caller]] | None = None,
    admitted: Callable[[str], None] = lambda _: None,
) -> ControlPlane:
    """Return the control plane of a worker, on its running loop; see `ControlPlane` for `caller` and `admitted`."""
    blocking = BlockingPdp(pdp, asyncio.get_running_loop())
    return ControlPlane(lambda: Opened(settings, node, blocking), lambda: pdp.policies.bundle.digest, caller, admitted)


def control_secret(lookup: bytes) -> bytes:
    """Return what cookies, forms and codes of a node are signed with, given its lookup key."""
    return hmac.new(lookup, b"omega control plane", "sha256").digest()


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


def _collected(settings: Settings) -> Any:
    """Return what frameworks and controls there are.

    Raises:
        SettingsError: one's own cannot be read.
    """
    from frameworks import collection  # noqa: PLC0415 - see the module
    from frameworks.errors import FrameworksError  # noqa: PLC0415 - see the module

    try:
        return collection.load(settings.frameworks)
    except FrameworksError as error:
        raise SettingsError(f"OMEGA_FRAMEWORKS: {error}") from error


def _secret(path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST_SECRET + 1).strip().decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"OMEGA_OIDC_CLIENT_SECRET_FILE: `{path}` cannot be read") from error
    if not 0 < len(text) <= _LONGEST_SECRET:
        raise SettingsError(f"OMEGA_OIDC_CLIENT_SECRET_FILE: `{path}` holds no secret")
    return text
