"""What differs between two revisions of policies: files, lines, and what that means for gates and limits. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.features.policies.changes.change_shown import FileDiff, file_diffs, rules
from app.features.policies.changes.rule_diff import Line
from app.features.policies.git.repository import POLICIES, FileChange

MOST_FILES: Final = 60
"""Files whose lines are shown on one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How one revision differs from another: `paths` names every file that does, `files` has the lines of the first."""

    paths: tuple[str, ...]
    rules: tuple[Line, ...]
    files: tuple[FileDiff, ...]


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> Difference:
    """Return how the files of `after` differ from those of `before`, each by its path below `policies/`."""
    changes = [
        FileChange(path=f"{POLICIES}/{path}", before=_bytes(before, path), after=_bytes(after, path))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]
    return Difference(
        paths=tuple(each.path.removeprefix(f"{POLICIES}/") for each in changes),
        rules=rules(changes),
        files=tuple(file_diffs(changes[:MOST_FILES])),
    )


def _bytes(files: Mapping[str, str], path: str) -> bytes | None:
    text = files.get(path)
    return None if text is None else text.encode()
