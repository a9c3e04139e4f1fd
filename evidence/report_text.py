"""How a report reads, and how far a verification is. Prints nothing itself."""

from collections.abc import Iterator

from evidence.errors import FindingError
from evidence.report import Receipts, Report

_BAR = 30  # characters


def bar(report: Report, total: int) -> str:
    """Return how far a verification is, to be written over what stood in the line."""
    done = _BAR * report.checked.seals // max(total, 1)
    drawn = "#" * done + "." * (_BAR - done)
    return f"\r[{drawn}] {report.checked.seals}/{total} seals, {report.checked.records} records"


def text(report: Report, finding: FindingError | None, *, earlier: bool) -> str:
    """Return the report in words; `earlier` says whether a checkpoint kept from earlier was given."""
    checked, up_to = report.checked, report.up_to
    lines = [
        f"log          {report.log}",
        (
            f"checked      {checked.records} records in {checked.segments} segments, {checked.seals} seals of"
            f" {checked.chains} chains, {checked.checkpoints} checkpoints"
        ),
        f"up to        {up_to.max_time or 'no record'}, tree of {up_to.tree_size} seals",
        *told(report),
        (
            f"not covered  {report.uncheckpointed_seals} seals under no checkpoint yet,"
            f" {report.stray_segments} segments under no seal"
        ),
    ]
    if finding is not None:
        lines.append(f"DOES NOT HOLD  {printable(finding.where)}: {finding.code}: {finding.detail}")
    else:
        lines.append(
            "all holds" + ("" if earlier else "; that nothing newer was removed, only an earlier --checkpoint can show")
        )
    return "\n".join(lines)


def told(report: Report) -> Iterator[str]:
    """Yield a line for each thing that not every log has."""
    if len(report.keys) > 1:
        changes = [f"{each['id']} from leaf {each['from_leaf']} ({each['reason'] or 'first'})" for each in report.keys]
        yield f"keys         {', '.join(changes)}"
    if (stamp := report.timestamped) is not None:
        known = "" if stamp.verified else ", by whom was not checked: no --tsa was given"
        yield f"time stamp   {stamp.time}, of the tree of {stamp.tree_size} seals{known}"
    if (line := report.cosigned) is not None:
        known = "" if line.verified else ", which was not checked: no --witness was given"
        yield f"cosigned     {line.time}, the tree of {line.tree_size} seals, by {', '.join(line.witnesses)}{known}"
    if report.receipts != Receipts():
        found = report.receipts
        yield f"receipts     {found.records} records are there, {found.carried} carried over, {found.expired} expired"
    if report.orphans:
        yield f"carried over {report.orphans} records, from chains that could not go on"
    if report.expired:
        yield f"expired      {report.expired} segments, whose seals hold"
    if report.since is not None:
        yield f"not read     {report.since.skipped} segments under --since, a tree of {report.since.tree_size} seals"


def printable(text: str) -> str:
    """Return `text` with whatever a terminal might obey written out: keys are an attacker's to choose."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
