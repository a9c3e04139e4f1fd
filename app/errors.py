"""Our errors as RFC 9457 problem documents: the one table from codes to status codes.

An error that is not in the table says nothing of itself to the outside.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong, as the caller may know it (RFC 9457, section 3)."""

    code: str
    status: int
    title: str
    detail: str = ""
    retry_after: int | None = None  # seconds

    def document(self) -> dict[str, Any]:
        """Return the members of the problem document."""
        document = {"type": f"urn:omega:problem:{self.code}", "title": self.title, "status": self.status}
        return document | ({"detail": self.detail} if self.detail else {})


_PROBLEMS: dict[str, tuple[int, str]] = {
    "malformed_request": (400, "the request is not one that this endpoint understands"),
    "unauthenticated": (401, "a valid bearer token is required"),
    "forbidden": (403, "the policies do not let this caller do so; nothing was decided"),
    "denied": (403, "policy does not permit this request"),
    "foreign_form": (
        403,
        "the form does not come from a page that you opened here; load the page again, and send it from there",
    ),
    "login_refused": (403, "it was not shown who signs in"),
    "not_found": (404, "there is nothing here"),
    "method_not_allowed": (405, "this resource knows other methods"),
    "conflict": (409, "what this was decided on has changed; look again"),
    "request_too_large": (413, "the request is larger than this endpoint takes"),
    "wrong_region": (421, "the data of this tenant have their home in another region; ask a node there"),
    "body_timeout": (408, "the rest of the request did not come in time"),
    "too_many_requests": (429, "this caller asks more often than it may; nothing was decided"),
    "evidence_damaged": (500, "the log does not hold at this place; the operator must look"),
    "internal": (500, "the service failed; nothing was permitted"),
    "evidence_unavailable": (503, "the decision cannot be recorded, so there is none"),
    "overloaded": (503, "more requests are in flight than this worker takes"),
    "control_unavailable": (503, "the control plane cannot be served under these policies and settings"),
    "data_unavailable": (503, "what is to be shown here cannot be read now"),
    "evaluators_gone": (503, "no evaluator is running"),
    "policies_unavailable": (503, "no policies of the caller's tenant are in force"),
    "repository_unavailable": (503, "the policy repository does not answer, or did not do it"),
    "store_unavailable": (503, "the store does not answer"),
}
OF_PAGES = frozenset(
    {
        "conflict",
        "control_unavailable",
        "data_unavailable",
        "foreign_form",
        "login_refused",
        "repository_unavailable",
    }
)
"""The codes that pages alone answer with: the control plane's, the auditor portal's."""

CODES = frozenset(_PROBLEMS)
_RETRY = 1  # seconds: an evaluator or a worker is back by then


def problem(code: str, detail: str = "") -> Problem:
    """Return the problem that `code` names."""
    status, title = _PROBLEMS[code]
    retry = _RETRY if status == 503 else None  # noqa: PLR2004 - Service Unavailable
    return Problem(code=code, status=status, title=title, detail=detail, retry_after=retry)
