"""What every protocol of the decision plane answers with: who asks, room for the request, who decides.

Owns what happens to bytes that are no request. Knows no protocol.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, suppress
from typing import Final

from app.authentication.authenticator import Presented
from app.decision_plane.explainer import Explainer
from app.decision_plane.http import ProblemError, Request
from app.decision_plane.limits import Limits, ThrottledError
from app.decision_plane.places import Places
from app.decision_plane.refusals import Refusals
from app.errors import problem
from app.pdp.callers import Caller as Registered
from app.pdp.callers import registered
from app.pdp.enforce import Caller, Pdp
from app.pdp.errors import MalformedRequestError, NoPoliciesError, TooLargeError
from app.pdp.strict_json import MAX_BYTES
from evidence.chain import Appended

_BEARER: Final = {b"Bearer", b"bearer"}


class Answering:
    """What an answer is made with: who asks and who decides, who explains, who signs receipts."""

    def __init__(  # noqa: PLR0913 - what it is handed
        self,
        pdp: Pdp,
        *,
        authenticate: Callable[[Presented], Caller | None],
        limits: Limits,
        refusals: Refusals,
        explainer: Explainer,
        sign_receipt: Callable[[Sequence[Appended]], str],
        in_flight: int,
        admits: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """Answer with what is handed; `admits` tells whether the data of a tenant may be here."""
        self.pdp, self.explainer, self.sign_receipt = pdp, explainer, sign_receipt
        self._authenticate, self._limits, self._refusals, self._admits = authenticate, limits, refusals, admits
        self._places = Places(in_flight)

    @property
    def in_flight(self) -> int:
        """Return how many requests hold a place."""
        return self._places.held

    def caller(self, request: Request, header: bytes = b"authorization") -> Caller:
        """Return who asks: by a bearer token (RFC 6750, section 2.1), a certificate (RFC 9440), or both.

        A proxy that asks about requests of others says so in a header of its own: all other headers are theirs, the
        certificate too.

        Raises:
            ProblemError: nobody that is known, somebody whose data belong into another region, or who asks too often
                (`ThrottledError`).
        """
        own = header == b"authorization"
        shown = request.headers.get(header)
        token = None if shown is None else _token_in(shown)
        caller = None
        if token is not None or shown is None:
            certificates = request.each(b"client-cert") if own else ()
            caller = self._authenticate(Presented(token=token, certificates=certificates, peer=request.peer))
        if caller is None:
            raise ProblemError(problem("unauthenticated"))
        request.tenant = caller.tenant
        self.limit(caller)
        return caller

    def limit(self, caller: Caller) -> None:
        """Count a request of `caller`, whose data may be here; nothing of it was written yet.

        Raises:
            ProblemError: they may not.
            ThrottledError: it is one too many.
        """
        if not self._admits(caller.tenant):
            raise ProblemError(problem("wrong_region"))
        with suppress(NoPoliciesError):  # nothing is decided, nothing recorded, and so nothing counted
            self._limits.take(caller, self._registered(caller))

    def charge(self, caller: Caller, number: int) -> None:
        """Count `number` questions beside the first that came in one request."""
        with suppress(NoPoliciesError):
            self._limits.charge(caller, self._registered(caller), max(0, number))

    async def throttled(self, error: ThrottledError) -> None:
        """Record that a caller asked too often, where that is worth a record.

        Raises:
            UnrecordedError: the log could not take it.
        """
        if error.suppressed is not None:
            body = {"limit": error.limit, "suppressed": error.suppressed}
            await self.pdp.note("request.throttled", error.caller, body)

    def _registered(self, caller: Caller) -> Registered | None:
        return registered(self.pdp.policies_of(caller).bundle.callers, caller.subject, caller.tenant)

    def received(self, request: Request, *, limit: int = MAX_BYTES) -> AbstractAsyncContextManager[bytes]:
        """Hold one of the places for requests in flight, once the whole body is here: who sends slowly waits alone.

        It is one of its tenant's, so ask who the caller is first.

        Raises:
            ProblemError: there is no room, or the body is none that is taken.
        """
        return _Received(self._places, request, limit)

    def places(self, tenant: str, number: int) -> AbstractContextManager[None]:
        """Hold as many places beside one's own as `number` questions at once take, or all a tenant gets if fewer.

        Raises:
            ProblemError: there is no room.
        """
        return self._places.taken(tenant, min(number, self._places.alone) - 1)

    def refusing(self, caller: Caller, body: bytes) -> AbstractAsyncContextManager[None]:
        """Record that the bytes of `caller` are no request, where whoever is inside says so.

        Raises:
            ProblemError: they are none.
            UnrecordedError: the log could not take it.
        """
        return _Refusing(self, caller, body)

    async def refused(self, caller: Caller, code: str, body: bytes) -> None:
        """Record that bytes of `caller` are no request, if it is worth a record.

        Raises:
            UnrecordedError: the log could not take it.
        """
        if (suppressed := self._refusals.take(caller)) is not None:
            await self.pdp.refuse(caller, code, hashlib.sha256(body).hexdigest(), suppressed)


def _token_in(shown: bytes) -> str | None:
    """Return what stands behind `Bearer`; whether that is a token, who verifies it will say."""
    scheme, _, rest = shown.partition(b" ")
    return rest.lstrip(b" ").decode("ascii") or None if scheme in _BEARER and rest.isascii() else None


class _Received:
    """See `Answering.received`."""

    __slots__ = ("_limit", "_places", "_request")

    def __init__(self, places: Places, request: Request, limit: int) -> None:
        self._places, self._request, self._limit = places, request, limit

    async def __aenter__(self) -> bytes:
        body = await self._request.body(self._limit)
        self._places.take(self._request.tenant)
        return body

    async def __aexit__(self, *_: object) -> None:
        self._places.give_back(self._request.tenant)


class _Refusing:
    """See `Answering.refusing`."""

    __slots__ = ("_body", "_by", "_caller")

    def __init__(self, by: Answering, caller: Caller, body: bytes) -> None:
        self._by, self._caller, self._body = by, caller, body

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, MalformedRequestError):
            await self._by.refused(self._caller, error.code, self._body)
            raise ProblemError(problem("malformed_request", f"{error.code}: {error.detail}")) from error
        if isinstance(error, TooLargeError):
            raise ProblemError(problem("request_too_large")) from error
