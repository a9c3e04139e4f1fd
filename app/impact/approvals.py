"""Which new allows somebody has approved: a file that says action, rule, reason and until when.

approved:
- action: marketplace.publish
rule: covered
reason: the limit went from 80 to 75 percent, change 118
expires: 2026-12-31
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.impact.tally import Flip
from app.pdp.errors import BundleError, PdpError
from app.pdp.strict_yaml import parse_yaml

MAX_BYTES: Final = 1 << 20

_MEMBERS: Final = ("action", "rule", "reason", "expires")


class ApprovalsError(PdpError):
    """The file of approvals is not one; the message names file and place."""

    code = "approvals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """That a rule of an action may deny no more, and why; it counts up to the end of the day `expires` in UTC."""

    action: str
    rule: str
    reason: str
    expires: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """What is approved today, and what was."""

    valid: tuple[Approval, ...] = ()
    expired: tuple[Approval, ...] = ()

    def of(self, flip: Flip) -> tuple[Approval, ...]:
        """Return the approvals that cover a flip: one for each of its rules; none where one is missing."""
        by_rule = {each.rule: each for each in self.valid if each.action == flip.action}
        found = tuple(by_rule[rule] for rule in flip.rules if rule in by_rule)
        return found if len(found) == len(flip.rules) else ()


def parse_approvals(name: str, data: bytes, today: date) -> Approvals:
    """Return the approvals in `data`, the bytes of the file `name`, YAML or JSON.

    Raises:
        ApprovalsError: it has another form.
    """
    if len(data) > MAX_BYTES:
        raise ApprovalsError(f"{name}: larger than {MAX_BYTES} bytes")
    try:
        value = parse_yaml(name, data.decode())
    except UnicodeDecodeError:
        raise ApprovalsError(f"{name}: not UTF-8") from None
    except BundleError as error:
        raise ApprovalsError(str(error)) from None
    listed = value.get("approved") if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(listed, list):
        raise ApprovalsError(f"{name}: write `approved:` and a list below it, and nothing else")
    found = [_approval(f"{name}: number {place}", each) for place, each in enumerate(listed, 1)]
    return Approvals(
        valid=tuple(each for each in found if each.expires >= today),
        expired=tuple(each for each in found if each.expires < today),
    )


def _approval(where: str, value: Any) -> Approval:
    if not isinstance(value, dict) or value.keys() != set(_MEMBERS):
        raise ApprovalsError(f"{where}: an approval has {', '.join(_MEMBERS)}")
    if not all(isinstance(value[name], str) and value[name].strip() for name in _MEMBERS):
        raise ApprovalsError(f"{where}: {', '.join(_MEMBERS)} are texts, none empty")
    try:
        expires = date.fromisoformat(value["expires"])
    except ValueError:
        raise ApprovalsError(f"{where}: `expires` is a date such as 2026-12-31") from None
    return Approval(action=value["action"], rule=value["rule"], reason=value["reason"], expires=expires)
