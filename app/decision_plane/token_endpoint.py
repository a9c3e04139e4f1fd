"""POST /oauth2/token: a token for a client that signs for itself. RFC 6749, sections 4.4 and 5; RFC 7523, section 2.2.

Owns the forms of request and answer. Each token is on record before it is given out.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from app.authentication.client_assertion import AssertionRefusedError
from app.authentication.single_use import SingleUseError
from app.authentication.token_grants import LIFETIME, ReplayedError, TokenGrants
from app.decision_plane.answering import Answering
from app.decision_plane.http import Answer, Request, Route, as_problem
from app.decision_plane.operation import RECEIVING, Operation, Token, one_object, text
from app.errors import Problem

PATH: Final = "/oauth2/token"

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_MAX_BODY: Final = 8_192
_MAX_FIELDS: Final = 16

_ERROR: Final = one_object({"error": text()})
_TOKEN: Final = Operation(
    summary="Give a token to a client that signs for itself (private_key_jwt)",
    token=Token.NONE,
    takes="application/x-www-form-urlencoded",
    body=one_object(
        {
            "grant_type": {"const": "client_credentials"},
            "client_assertion_type": {"const": _ASSERTION_TYPE},
            "client_assertion": text(),
        },
        {"client_id": text()},
    )
    | {"additionalProperties": False},  # others are ignored, as far as there are not too many
    answers={
        200: one_object({"access_token": text(), "token_type": {"const": "Bearer"}, "expires_in": {"const": LIFETIME}}),
        400: _ERROR,
        401: _ERROR,
    },
    problems=("too_many_requests", "evidence_unavailable", *RECEIVING),
    problem=_ERROR,
)


class _OAuthError(Exception):
    """The request ends with this error of RFC 6749, section 5.2."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.status = error, status


def routes(by: Answering, tokens: TokenGrants) -> Iterable[Route]:
    """Return the endpoint."""

    async def asked(request: Request) -> Answer:
        async with by.received(request, limit=_MAX_BODY) as body:
            try:
                return await _answer(_assertion(request, body), body, by, tokens)
            except _OAuthError as error:
                return Answer(status=error.status, document={"error": error.error})

    yield Route(path=PATH, methods={"POST": asked}, refuse=_refuse, described={"POST": _TOKEN})


def _assertion(request: Request, body: bytes) -> tuple[str, str | None]:
    """Return the assertion, and the client id where one stands beside it."""
    media_type = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type != b"application/x-www-form-urlencoded":
        raise _OAuthError("invalid_request")
    if b"authorization" in request.headers:  # there is one way to say who it is, section 2.3
        raise _OAuthError("invalid_client", 401)
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:
        raise _OAuthError("invalid_request") from None
    given = [pair for pair in pairs if pair[1]]  # without a value, as if left out: section 3.2
    fields = dict(given)
    if len(fields) != len(given) or "grant_type" not in fields:
        raise _OAuthError("invalid_request")
    if fields["grant_type"] != "client_credentials":
        raise _OAuthError("unsupported_grant_type")
    if "scope" in fields:
        raise _OAuthError("invalid_scope")
    if fields.get("client_assertion_type") != _ASSERTION_TYPE or "client_assertion" not in fields:
        raise _OAuthError("invalid_client", 401)
    return fields["client_assertion"], fields.get("client_id")


async def _answer(shown: tuple[str, str | None], body: bytes, by: Answering, tokens: TokenGrants) -> Answer:
    """Return the answer with a token.

    Raises:
        _OAuthError: there is none.
        ThrottledError: the client asks too often.
        UnrecordedError: the log could not take it, so there is none.
    """
    assertion, client_id = shown
    try:
        verified = tokens.verified(assertion, by.pdp.directory)
    except AssertionRefusedError as error:
        if error.caller is not None:
            by.limit(error.caller)
            await by.refused(error.caller, f"assertion_{error.code.value}", body)
        raise _OAuthError("invalid_client", 401) from None
    caller = verified.caller
    by.limit(caller)
    if client_id not in (None, verified.client_id):
        raise _OAuthError("invalid_client", 401)
    try:
        granted = await tokens.grant(verified)
    except ReplayedError:
        await by.refused(caller, "assertion_replayed", body)
        raise _OAuthError("invalid_client", 401) from None
    except SingleUseError:
        raise _OAuthError("temporarily_unavailable", 503) from None
    expires = datetime.fromtimestamp(granted.expires, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    said = {"token_id": granted.token_id, "expires": expires, "key": verified.key}
    await by.pdp.note("token.issued", caller, said)
    return Answer(document={"access_token": granted.token, "token_type": "Bearer", "expires_in": LIFETIME})


def _refuse(found: Problem) -> Answer:
    """Write a problem as section 5.2 has errors; what the text has no code for keeps its status."""
    problem = as_problem(found)
    error = "temporarily_unavailable" if found.status >= 500 or found.status == 429 else "invalid_request"  # noqa: PLR2004
    return Answer(status=found.status, document={"error": error}, headers=problem.headers)
