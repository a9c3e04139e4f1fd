"""The report of a replay: what came out otherwise, what is approved, and the verdict. Pure.

Knows its two texts, JSON values and lines; the page is `html_page`'s business.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from app.impact.approvals import Approval, Approvals
from app.impact.tally import Change, Counted, Flip, Tally

HEADS: Final = ("CHANGE", "ACTION", "RULES", "SUBJECT", "COUNT", "APPROVED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of difference, how often it occurs, and what approves it."""

    flip: Flip
    counted: Counted
    approvals: tuple[Approval, ...]

    @property
    def refused(self) -> bool:
        """Return whether this is a new allow that nobody approved."""
        return self.flip.change is Change.ALLOWED and not self.approvals

    @property
    def standing(self) -> str:
        """Return what the column for approval says."""
        if self.flip.change is not Change.ALLOWED:
            return "-"
        return "yes" if self.approvals else "NO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a change of policies would have done.

    Attributes:
        bundle: digest and revision of the candidate; None: each decision by the bundle that decided it.
        asked: which decisions, in words by name.
        tally: what became of them.
        approvals: what somebody approved.
    """

    bundle: tuple[str, str] | None
    asked: dict[str, str]
    tally: Tally
    approvals: Approvals

    @property
    def rows(self) -> list[Row]:
        """Return every difference: new allows without approval first, then the most frequent."""
        found = [
            Row(flip=flip, counted=counted, approvals=self.approvals.of(flip) if flip.change is Change.ALLOWED else ())
            for flip, counted in self.tally.flips.items()
        ]
        order = list(Change)
        return sorted(
            found, key=lambda row: (not row.refused, order.index(row.flip.change), -row.counted.count, row.flip)
        )

    @property
    def unapproved(self) -> int:
        """Return how many decisions would newly be allowed without anybody's approval."""
        return sum(row.counted.count for row in self.rows if row.refused)

    @property
    def ok(self) -> bool:
        """Return the verdict: nothing newly allowed unapproved; without a candidate, nothing otherwise at all."""
        return not (self.unapproved if self.bundle else self.tally.flips)

    @property
    def verdict(self) -> str:
        """Return the verdict in words."""
        if self.bundle is None:
            return "every decision comes out as recorded" if self.ok else "DECISIONS COME OUT OTHERWISE"
        if self.ok:
            return "nothing is newly allowed that nobody approved"
        return f"NEWLY ALLOWED AND NOT APPROVED: {self.unapproved}"

    def figures(self) -> Iterator[tuple[str, int]]:
        """Yield the sums by name."""
        tally = self.tally
        yield "decisions", tally.decisions
        yield "the same", tally.same
        if self.bundle is not None:
            yield "the same answer, other reasons", tally.reasons
        yield "allow to deny", tally.of(Change.DENIED)
        yield "deny to allow", tally.of(Change.ALLOWED)
        if self.bundle is None:
            yield "another result", tally.of(Change.OTHER)

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "ok": self.ok,
            "verdict": self.verdict,
            "bundle": {"digest": self.bundle[0], "revision": self.bundle[1]} if self.bundle else None,
            "asked": self.asked,
            "figures": {name.replace(",", "").replace(" ", "_"): count for name, count in self.figures()},
            "unapproved": self.unapproved,
            "differences": [
                {
                    "change": row.flip.change.value,
                    "action": row.flip.action,
                    "rules": list(row.flip.rules),
                    "subject": row.flip.subject,
                    "approved": [_approval(each) for each in row.approvals] or None,
                    **_counted(row.counted),
                }
                for row in self.rows
            ],
            "not_decided_again": [
                {"why": why.value, **_counted(counted)} for why, counted in sorted(self.tally.apart.items())
            ],
            "expired_approvals": [_approval(each) for each in self.approvals.expired],
        }

    def table(self) -> list[tuple[str, ...]]:
        """Return the differences in columns, heads first."""
        return [HEADS, *map(_cells, self.rows)]

    def lines(self) -> Iterator[str]:
        """Yield what stands around the table: sums, examples, what was not decided again."""
        for name, count in self.figures():
            yield f"{count:>12}  {name}"
        for why, counted in sorted(self.tally.apart.items()):
            yield f"{counted.count:>12}  {why.value}"

    def examples(self) -> Iterator[str]:
        """Yield the examples of each difference and of what was not decided again, with headings."""
        for row in self.rows:
            yield " ".join(_cells(row)[:4])
            for each in row.counted.examples:
                yield f"  {each.decision_id}  {each.time}" + (f"  {each.asked}" if each.asked else "")


def _cells(row: Row) -> tuple[str, ...]:
    flip = row.flip
    return (flip.change.value, flip.action, ", ".join(flip.rules), flip.subject, str(row.counted.count), row.standing)


def _counted(counted: Counted) -> dict[str, Any]:
    return {
        "count": counted.count,
        "examples": [
            {"id": each.decision_id, "time": each.time} | ({"asked": each.asked} if each.asked else {})
            for each in counted.examples
        ],
    }


def _approval(each: Approval) -> dict[str, str]:
    expires = each.expires.isoformat()
    return {"action": each.action, "rule": each.rule, "reason": each.reason, "expires": expires}
