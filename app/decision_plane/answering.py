"""What every protocol of the decision plane answers with: who asks, room for the request, who decides.

Owns what happens to bytes that are no request. Knows no protocol.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from app.decision_plane.explainer import Explainer
from app.decision_plane.http import ProblemError, Request
from app.decision_plane.places import Places
from app.decision_plane.refusals import Refusals
from app.errors import problem
from app.pdp.enforce import Caller, Pdp
from app.pdp.errors import MalformedRequestError, TooLargeError
from app.pdp.strict_json import MAX_BYTES
from evidence.chain import Appended

_BEARER: Final = re.compile(rb"[Bb]earer +([!-~]{1,4096})")


class Answering:
    """What an answer is made with: who asks and who decides, who explains, who signs receipts."""

    def __init__(  # noqa: PLR0913 - what it is handed
        self,
        pdp: Pdp,
        *,
        authenticate: Callable[[str], Caller | None],
        refusals: Refusals,
        explainer: Explainer,
        sign_receipt: Callable[[Sequence[Appended]], str],
        in_flight: int,
    ) -> None:
        self.pdp, self.explainer, self.sign_receipt = pdp, explainer, sign_receipt
        self._authenticate, self._refusals = authenticate, refusals
        self._places = Places(in_flight)

    @property
    def in_flight(self) -> int:
        """Return how many requests hold a place."""
        return self._places.held

    def caller(self, request: Request, header: bytes = b"authorization") -> Caller:
        """Return who asks (RFC 6750, section 2.1); a proxy says so in a header of its own.

        Raises:
            ProblemError: nobody that is known.
        """
        found = _BEARER.fullmatch(request.headers.get(header, b""))
        caller = self._authenticate(found[1].decode("ascii")) if found else None
        if caller is None:
            raise ProblemError(problem("unauthenticated"))
        request.tenant = caller.tenant
        return caller

    @asynccontextmanager
    async def received(self, request: Request, *, limit: int = MAX_BYTES) -> AsyncIterator[bytes]:
        """Hold one of the places for requests in flight, once the whole body is here: who sends slowly waits alone.

        It is one of its tenant's, so ask who the caller is first.

        Raises:
            ProblemError: there is no room, or the body is none that is taken.
        """
        body = await request.body(limit)
        with self._places.taken(request.tenant):
            yield body

    @contextmanager
    def places(self, tenant: str, number: int) -> Iterator[None]:
        """Hold as many places beside one's own as `number` questions at once take, or all a tenant gets if fewer.

        Raises:
            ProblemError: there is no room.
        """
        with self._places.taken(tenant, min(number, self._places.alone) - 1):
            yield

    @asynccontextmanager
    async def refusing(self, caller: Caller, body: bytes) -> AsyncIterator[None]:
        """Record that the bytes of `caller` are no request, where whoever is inside says so.

        Raises:
            ProblemError: they are none.
            UnrecordedError: the log could not take it.
        """
        try:
            yield
        except MalformedRequestError as error:
            await self.refused(caller, error.code, body)
            raise ProblemError(problem("malformed_request", f"{error.code}: {error.detail}")) from error
        except TooLargeError as error:
            raise ProblemError(problem("request_too_large")) from error

    async def refused(self, caller: Caller, code: str, body: bytes) -> None:
        """Record that bytes of `caller` are no request, if it is worth a record.

        Raises:
            UnrecordedError: the log could not take it.
        """
        if (suppressed := self._refusals.take(caller)) is not None:
            await self.pdp.refuse(caller, code, hashlib.sha256(body).hexdigest(), suppressed)
