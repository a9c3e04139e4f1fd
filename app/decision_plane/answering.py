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
        self._free = self._all = in_flight

    def caller(self, request: Request) -> Caller:
        """Return who asks (RFC 6750, section 2.1).

        Raises:
            ProblemError: nobody that is known.
        """
        found = _BEARER.fullmatch(request.headers.get(b"authorization", b""))
        caller = self._authenticate(found[1].decode("ascii")) if found else None
        if caller is None:
            raise ProblemError(problem("unauthenticated"))
        return caller

    @asynccontextmanager
    async def received(self, request: Request, *, limit: int = MAX_BYTES) -> AsyncIterator[bytes]:
        """Hold one of the places for requests in flight, once the whole body is here: who sends slowly waits alone.

        Raises:
            ProblemError: there is no room, or the body is none that is taken.
        """
        body = await request.body(limit)
        if not self._free:
            raise ProblemError(problem("overloaded"))
        self._free -= 1
        try:
            yield body
        finally:
            self._free += 1

    @contextmanager
    def places(self, number: int) -> Iterator[None]:
        """Hold as many places beside one's own as `number` questions at once take, or all there are if that is less.

        Raises:
            ProblemError: there is no room.
        """
        more = min(number, self._all) - 1
        if self._free < more:
            raise ProblemError(problem("overloaded"))
        self._free -= more
        try:
            yield
        finally:
            self._free += more

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
