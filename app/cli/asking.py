"""A question of a command to the running service, with a token of this node's own key."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final

from app.cli import token
from app.cli.output import NO_SERVICE, UNUSABLE, CommandError
from app.pdp.enforce import Permit
from app.pdp.model import Decision, EvaluationRequest
from app.settings import Settings

_TOKEN_LIFETIME: Final = 60  # seconds
_PATIENCE: Final = 10.0  # seconds
_LARGEST: Final = 1 << 20  # bytes read; the service refuses less


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Which caller asks, and where; None: where the settings say that the service listens."""

    caller: str
    tenant: str = "default"
    url: str | None = None


def ask(settings: Settings, asker: Asker, data: bytes, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the answer to an AuthZEN evaluation request, which is on record.

    Raises:
        CommandError: there is no service (exit code 3), or it refuses the request (2).
    """
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = (asker.url or f"http://{host}:{settings.port}").rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise CommandError(f"`{url}` is no http or https URL")
    bearer = token.issue(settings, asker.caller, asker.tenant, _TOKEN_LIFETIME)
    headers = {"authorization": f"Bearer {bearer}", "content-type": "application/json"}
    try:
        where = f"{url}/access/v1/evaluation" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        request = urllib.request.Request(where, data, headers)  # noqa: S310 - checked above
        with urllib.request.urlopen(request, timeout=_PATIENCE) as response:  # noqa: S310 - checked above
            return _answer(json.load(response))
    except urllib.error.HTTPError as error:
        with error:
            message = _problem(error.read(_LARGEST)) or str(error)
        raise CommandError(message, NO_SERVICE if error.code >= 500 else UNUSABLE) from error  # noqa: PLR2004
    except (OSError, ValueError, HTTPException) as error:
        why = error.reason if isinstance(error, urllib.error.URLError) else error
        raise CommandError(f"no service at {url}: {why}; start it with `omega serve`", NO_SERVICE) from error


def enforce(settings: Settings, asker: Asker, request: EvaluationRequest) -> Permit:
    """Return a permit that the running service gave, and recorded; this node's keys say who asks.

    Raises:
        CommandError: it is denied (exit code 1), or see `ask`.
    """
    subject, resource = request.subject, request.resource
    document = {
        "subject": {"type": subject.type, "id": subject.id, "properties": dict(subject.properties)},
        "action": {"name": request.action},
        "resource": {"type": resource.type, "id": resource.id, "properties": dict(resource.properties)},
        "context": dict(request.context),
    }
    answer = ask(settings, asker, json.dumps(document).encode(), {})
    decision_id = answer["context"]["decision_id"]
    if not answer["decision"]:
        reasons = "; ".join(f"{each['id']}: {each['message']}" for each in answer["context"].get("reasons", ()))
        raise CommandError(f"denied by decision {decision_id}: {reasons or 'see the record'}", 1)
    policy = answer["context"].get("policy", {})
    return Permit(
        request=request,
        decision_id=decision_id,
        decision=Decision(allow=True),
        bundle=str(policy.get("bundle", "")),
        revision=str(policy.get("revision", "")),
    )


def _answer(value: Any) -> dict[str, Any]:
    match value:
        case {"decision": bool(), "context": {"decision_id": str()}}:
            return dict(value)
        case _:
            raise ValueError("what answers there records nothing")


def _problem(body: bytes) -> str:
    """Return what a problem document says, or nothing where there is none."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    members = found if isinstance(found, dict) else {}
    return ": ".join(members[name] for name in ("title", "detail") if isinstance(members.get(name), str))
