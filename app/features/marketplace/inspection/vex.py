"""Statements that a vulnerability of a component cannot be exploited in an artifact, and until when they count.

In CycloneDX VEX or OpenVEX. Who signed a statement, `supply/` verifies before it comes here: what is parsed here has a
signer already, who is on record with the reason. A statement lowers what was found; it never removes it from record.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from app.features.marketplace.inspection.advisories import Vulnerability
from app.features.marketplace.inspection.errors import VexError
from app.features.marketplace.inspection.json_input import parsed

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 32
LONGEST: Final = 180 * 86_400
"""Seconds after which a statement has to be made again, whatever it says itself."""

_MAX_STATEMENTS: Final = 1_000
_MAX_TEXT: Final = 1_000
_OPEN_REASONS: Final = frozenset(
    {
        "component_not_present",
        "vulnerable_code_not_present",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "inline_mitigations_already_exist",
    }
)
_CYCLONE_REASONS: Final = frozenset(
    {
        "code_not_present",
        "code_not_reachable",
        "requires_configuration",
        "requires_dependency",
        "requires_environment",
        "protected_by_compiler",
        "protected_at_runtime",
        "protected_at_perimeter",
        "protected_by_mitigating_control",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """That one vulnerability cannot be exploited: who says so, why, and until when (Unix seconds).

    `products` are purls or names of the components it is about; none: whichever component has the vulnerability.
    """

    vulnerability: str
    products: frozenset[str]
    who: str
    why: str
    until: int

    def covers(self, found: Vulnerability, now: int) -> bool:
        """Tell whether it speaks of `found` and still counts at `now`."""
        component = found.component
        names = {component.purl, component.name, f"pkg:{component.name}"}
        return (
            now < self.until and self.vulnerability in found.ids and (not self.products or bool(self.products & names))
        )

    def document(self) -> dict[str, Any]:
        """Return what is kept with a finding that it lowers."""
        return {"vulnerability": self.vulnerability, "who": self.who, "why": self.why, "until": self.until}


def parse_vex(data: bytes, *, signer: str, at: int) -> tuple[Statement, ...]:
    """Return what `signer` states in `data` that lowers a finding, from `at` (Unix seconds) on.

    Only that something is not affected, or was fixed here, with a reason of the format's list, lowers anything.

    Raises:
        VexError: `data` is no such document.
    """
    return statements(parsed(data, VexError, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH), signer=signer, at=at)


def statements(document: Mapping[str, Any], *, signer: str, at: int) -> tuple[Statement, ...]:
    """Return the same of a document whose JSON is parsed, such as the predicate of a verified attestation.

    Raises:
        VexError: it is no such document.
    """
    try:
        if document.get("bomFormat") == "CycloneDX":
            found = list(_cyclone(document["vulnerabilities"], signer, at))
        elif str(document.get("@context", "")).startswith("https://openvex.dev/ns"):
            found = list(_open(document["statements"], signer, at))
        else:
            raise VexError("form", "another kind of document", "CycloneDX VEX, or OpenVEX")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        raise VexError("form", "a statement that cannot be read", "CycloneDX VEX, or OpenVEX") from None
    return tuple(found[:_MAX_STATEMENTS])


def lowering(found: Vulnerability, stated: Iterable[Statement], now: int) -> Statement | None:
    """Return the statement that lowers `found` at `now` and counts the longest, or None."""
    return max((each for each in stated if each.covers(found, now)), key=lambda each: each.until, default=None)


def _open(stated: Sequence[Mapping[str, Any]], signer: str, at: int) -> Iterator[Statement]:
    for each in stated:
        reason = each.get("justification", "")
        if each["status"] == "not_affected" and reason in _OPEN_REASONS:
            named = each["vulnerability"]
            parts = [part for one in each.get("products", ()) for part in (one.get("subcomponents") or ())]
            yield Statement(
                vulnerability=_text(named["name"] if isinstance(named, Mapping) else named),
                products=frozenset(_text(part["@id"]) for part in parts),
                who=signer,
                why=_why(reason, each.get("impact_statement", "")),
                until=_until(each.get("timestamp"), at),
            )


def _cyclone(stated: Sequence[Mapping[str, Any]], signer: str, at: int) -> Iterator[Statement]:
    for each in stated:
        analysis = each.get("analysis", {})
        reason = analysis.get("justification", "")
        if analysis.get("state") == "not_affected" and reason in _CYCLONE_REASONS:
            yield Statement(
                vulnerability=_text(each["id"]),
                products=frozenset(_text(one["ref"]).rpartition("#")[2] for one in each.get("affects", ())),
                who=signer,
                why=_why(reason, analysis.get("detail", "")),
                until=_until(analysis.get("lastUpdated"), at),
            )


def _until(stated: Any, at: int) -> int:
    """Return until when a statement counts that was made at a time it states itself, and never later than `at`."""
    if stated is None:
        return at + LONGEST
    made = datetime.fromisoformat(_text(stated))
    return min(at, int((made if made.tzinfo else made.replace(tzinfo=UTC)).timestamp())) + LONGEST


def _why(reason: str, more: Any) -> str:
    return f"{reason}: {_text(more)}"[:_MAX_TEXT] if more else reason


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > _MAX_TEXT:
        raise ValueError
    return value
