"""What the routes of this feature share: refusals, times as people read them, what is sent of a request.

Owns how errors of the feature become problems.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from app.errors import problem
from app.features.dsr import keeping
from app.features.dsr.clocks import DAY
from app.features.dsr.desk import PolicyData, desk, policy_data
from app.features.dsr.errors import DsrError
from app.features.dsr.request import DsrKind, Request, State
from app.features.dsr.said import Said
from app.features.dsr.vault import Vault
from app.pep import RefusedError, bundle_in_force
from app.privacy.errors import PrivacyError

_T = TypeVar("_T")
_CODES: Final = {
    "changed": "conflict",
    "data": "control_unavailable",
    "said": "malformed_request",
    "step": "conflict",
    "unknown": "not_found",
    "vault": "data_unavailable",
}
_EXPORTED: Final = frozenset({DsrKind.ACCESS, DsrKind.EXPORT})
LONG_AGO: Final = "2000-01-01T00:00:00Z"


def found(look: Callable[[], _T]) -> _T:
    """Return what `look` finds.

    Raises:
        RefusedError: it finds nothing, or it cannot be done.
    """
    try:
        return look()
    except DsrError as error:
        raise RefusedError(problem(_CODES[error.code], str(error))) from error
    except PrivacyError as error:
        raise RefusedError(problem("data_unavailable")) from error


def data() -> PolicyData:
    """Return what the policies in force say of requests.

    Raises:
        RefusedError: nothing that can be used.
    """
    return found(lambda: policy_data(bundle_in_force()))


def moment(seconds: int) -> str:
    """Return a time (Unix seconds) as policies read it: RFC 3339, UTC, seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(seconds: int) -> str:
    """Return the day of a time (Unix seconds), UTC."""
    return moment(seconds)[:10]


def one(identifier: str) -> Request:
    """Return a request.

    Raises:
        RefusedError: there is none.
    """
    return found(lambda: keeping.request(identifier))


def said_or_none(identifier: str, vault: Vault) -> Said | None:
    """Return what was said with a request; None where it is gone, as after an erasure.

    Raises:
        RefusedError: the key store fails.
    """
    try:
        return keeping.said(identifier, vault)
    except DsrError as error:
        if error.code != "unknown":
            raise RefusedError(problem(_CODES[error.code])) from error
    except PrivacyError:
        pass  # its key was destroyed
    return None


def export_until(request: Request, days: int) -> int | None:
    """Return until when the export of a request can be had (Unix seconds); None where there is none."""
    if request.kind not in _EXPORTED or request.state is not State.COMPLETE:
        return None
    return request.steps[-1].at + days * DAY


def document(request: Request, now: int) -> dict[str, Any]:
    """Return a request as JSON values, without a word of who the person is."""
    pace = request.pace
    return {
        "id": request.id,
        "kind": request.kind.value,
        "law": request.law.value,
        "state": request.state.value,
        "subject": request.subject,
        "language": request.language,
        "received": moment(request.received_at),
        "due": moment(pace.due(now)),
        "days_left": pace.left(now) // DAY,
        "clock": pace.standing(now).value,
        "provision": pace.limit.law,
        "verified": request.verified_at is not None,
        "extended": request.extended_at is not None,
        "duplicate_of": request.duplicate_of,
        "approvers": list(request.approvers),
        "steps": [
            {
                "step": each.step.value,
                "by": each.by,
                "at": moment(each.at),
                "state": each.state.value,
                "code": each.code,
                "decision_id": each.decision_id,
            }
            for each in request.steps
        ],
    }


def text_of(sent: Mapping[str, Any], name: str) -> str:
    """Return a member that was sent, if it is a text, and else nothing."""
    value = sent.get(name, "")
    return value if isinstance(value, str) else ""


def present() -> int:
    """Return Unix seconds, by the clock of the desk."""
    return desk().time()
