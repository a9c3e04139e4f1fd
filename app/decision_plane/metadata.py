"""GET /.well-known/authzen-configuration: the metadata of the OpenID AuthZEN Authorization API 1.0, section 9.

Owns what we say of ourselves to whoever asks; which obligations there are is said only to who brings a token, because
that is in the policies of its tenant. The URL in it is the one an operator set, never one that a request names:
a client that was sent here by somebody else finds another identifier than the one it asked for, and stops.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from app.decision_plane import authzen, search
from app.decision_plane.answering import Answering
from app.decision_plane.http import Answer, ProblemError, Request, Route
from app.decision_plane.operation import Operation, Parameter, Token, list_of, one_object, text
from app.errors import problem
from app.pdp.bundle import Bundle
from app.pdp.callers import TENANT
from app.pdp.searching import Kind

WELL_KNOWN: Final = "/.well-known/authzen-configuration"

_METADATA: Final = Operation(
    summary="Say where to ask for what, and, to who brings a token, which obligations there are",
    token=Token.NONE,
    answers={
        200: one_object(
            {name: text() for name in ("policy_decision_point", "access_evaluation_endpoint")},
            {"supported_obligations": list_of(text())},
        )
    },
    problems=("not_found", "unauthenticated", "policies_unavailable"),
)
_OF_TENANT: Final = replace(
    _METADATA,
    summary="Say the same for the identifier of a tenant",
    parameters=(Parameter(name="tenant", place="path", schema=text(64)),),
)

_OBJECT: Final = re.compile(r"\{[^{}]*\}")
_ID: Final = re.compile(r'"id"\s*:')
_TYPE: Final = re.compile(r'"type"\s*:\s*"([a-z0-9_.:-]{1,64})"')
_COMMENT: Final = re.compile(r"^\s*#.*$", re.MULTILINE)


class Metadata:
    """What we say of ourselves, under `public_url` without a slash at its end; None: nobody said where we are."""

    def __init__(self, by: Answering, public_url: str | None) -> None:
        self._by, self._url = by, public_url
        self._obligations: tuple[str, list[str]] = ("", [])  # of the bundle of this digest

    def routes(self) -> Iterable[Route]:
        """Return the endpoints: for all, and for one tenant."""
        yield Route(path=WELL_KNOWN, methods={"GET": self._answer}, described={"GET": _METADATA})
        yield Route(path=f"{WELL_KNOWN}/", methods={"GET": self._answer}, described={"GET": _OF_TENANT})

    async def _answer(self, request: Request) -> Answer:
        tenant = request.path.removeprefix(WELL_KNOWN).removeprefix("/")
        if self._url is None:
            raise ProblemError(problem("not_found", "the operator has not said what the URL of this service is"))
        if request.path != WELL_KNOWN and not TENANT.fullmatch(tenant):
            raise ProblemError(problem("not_found"))
        document = self._document(self._url, tenant)
        if b"authorization" in request.headers:
            caller = self._by.caller(request)
            document["supported_obligations"] = self._supported(self._by.pdp.policies_of(caller).bundle)
        return Answer(document=document)

    def _document(self, url: str, tenant: str) -> dict[str, Any]:
        """Return what everybody may know. Its endpoints are the same for every tenant: the token says whose it is."""
        document: dict[str, Any] = {
            "policy_decision_point": f"{url}/{tenant}" if tenant else url,
            "access_evaluation_endpoint": url + authzen.EVALUATION,
            "access_evaluations_endpoint": url + authzen.EVALUATIONS,
        }
        return document | {f"search_{kind}_endpoint": url + search.PATHS[kind] for kind in Kind}

    def _supported(self, bundle: Bundle) -> list[str]:
        if self._obligations[0] != bundle.digest:
            self._obligations = (bundle.digest, obligation_types(bundle))
        return self._obligations[1]


def obligation_types(bundle: Bundle) -> list[str]:
    """Return the types of the obligations that stand in the policies' text, sorted: objects with an id and a type."""
    objects = (each for source in bundle.modules.values() for each in _OBJECT.findall(_COMMENT.sub("", source)))
    return sorted({found[1] for each in objects if _ID.search(each) and (found := _TYPE.search(each))})
