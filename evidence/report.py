"""What a verification says in the end: how much was checked, up to where, and what it could not say.

docs/evidence-format.md, section 8. Values alone; both verifiers print this shape.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from evidence.errors import FindingError
from evidence.key_history import KeyHistory


@dataclass(slots=True, kw_only=True)
class Checked:
    """How much of the log was checked and found good."""

    chains: int = 0
    seals: int = 0
    segments: int = 0
    records: int = 0
    checkpoints: int = 0


@dataclass(slots=True, kw_only=True)
class UpTo:
    """The newest things that were checked: the tree under the newest checkpoint, and the latest time of a record."""

    tree_size: int = 0
    root: str | None = None
    max_time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamped:
    """The newest checkpoint with a time stamp. `verified` says whether by an authority the auditor trusts."""

    checkpoint: int
    tree_size: int
    time: str
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """The newest checkpoint with a cosignature, by whom, and when first. `verified`: by keys the auditor gave."""

    checkpoint: int
    tree_size: int
    time: str
    witnesses: list[str]
    verified: bool


@dataclass(slots=True, kw_only=True)
class Receipts:
    """Records that receipts speak of: in the log, carried over into another chain, or expired."""

    records: int = 0
    carried: int = 0
    expired: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """From which leaf on segments were read at all, and how many were not."""

    tree_size: int
    skipped: int


@dataclass(slots=True, kw_only=True)
class Report:
    """What a verification saw. It is filled while it runs, so that it is true also where it stopped."""

    log: str
    checked: Checked = field(default_factory=Checked)
    up_to: UpTo = field(default_factory=UpTo)
    keys: list[dict[str, Any]] = field(default_factory=list)
    timestamped: Timestamped | None = None
    cosigned: Cosigned | None = None
    receipts: Receipts = field(default_factory=Receipts)
    expired: int = 0
    orphans: int = 0
    uncheckpointed_seals: int = 0
    stray_segments: int = 0
    since: Since | None = None

    def tell_keys(self, history: KeyHistory) -> None:
        """Say which keys the log had, each with the leaf it begins at."""
        self.keys = [{"id": history.keys[0].id.hex(), "from_leaf": 0, "reason": None}]
        for each in history.statements:
            self.keys.append({"id": each.key.id.hex(), "from_leaf": each.size, "reason": str(each.reason)})

    def document(self, finding: FindingError | None) -> dict[str, Any]:
        """Return the report as JSON values."""
        shown = None
        if finding is not None:
            shown = {"code": finding.code, "where": finding.where, "detail": finding.detail}
        values = asdict(self)
        if self.since is None:
            del values["since"]
        return {"ok": finding is None, **values, "finding": shown}
