"""Which installs go on to a new release by themselves. Pure; versions are those of Semantic Versioning 2.0.0."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

_VERSION: Final = re.compile(
    r"(0|[1-9][0-9]{0,15})\.(0|[1-9][0-9]{0,15})\.(0|[1-9][0-9]{0,15})(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A release as an install sees it: its version, and what it asks for (capabilities, hosts, secrets)."""

    version: str
    asks: frozenset[str]


def migrates(old: Offered, new: Offered, pinned: str, breaking: Collection[str] = ()) -> bool:
    """Return whether an install of `old` goes on to `new` by itself.

    It does so for a higher version of the same major, which breaks nothing and asks for nothing that the old one did
    not ask for; below 1.0.0 the minor stands for the major (section 4 of the specification). A preview (a version with
    a prerelease) is never gone on to.

    Args:
        old: that is installed.
        new: that has come out.
        pinned: what whoever installed it asked for: a major (`2`), or a whole version, which stays where it is.
        breaking: what the comparison of both contracts found to break; whatever the version says, nothing may.
    """
    before, after = _VERSION.fullmatch(old.version), _VERSION.fullmatch(new.version)
    if before is None or after is None or after[4] or breaking or not new.asks <= old.asks:
        return False
    one, other = _numbers(before), _numbers(after)
    if pinned != str(one[0]) or one[0] != other[0] or (one[0] == 0 and one[1] != other[1]):
        return False
    return other > one or (other == one and bool(before[4]))


def _numbers(found: re.Match[str]) -> tuple[int, int, int]:
    return int(found[1]), int(found[2]), int(found[3])
