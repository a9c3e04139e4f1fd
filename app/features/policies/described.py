"""Files of policies as a reader wants them: what kind each is, and what its gates say. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.pdp.bundle import Action, Bundle

_ORDER: Final = {"rego": 0, "data": 1, "cases": 2}
"""What a reader looks for first."""


class Kind(StrEnum):
    """What a file is for."""

    ACTION = "action"
    LIBRARY = "library"
    TEST = "test"
    CONTRACT = "contract"
    DATA = "data"
    CASES = "cases"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file among policies."""

    path: str
    kind: Kind
    lines: int
    action: Action | None

    @property
    def name(self) -> str:
        """Return the last part of its path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """The files of one folder, sorted."""

    path: str
    files: tuple[File, ...]


def kind_of(path: str, actions: Iterable[str] = ()) -> Kind:
    """Return what the file at `path` is for; `actions` are the paths of those modules that decide one."""
    if path in set(actions):
        return Kind.ACTION
    if path.endswith("_test.rego"):
        return Kind.TEST
    if path.endswith(".schema.json"):
        return Kind.CONTRACT
    if path.endswith(".rego"):
        return Kind.LIBRARY
    return {"data": Kind.DATA, "cases": Kind.CASES}.get(path.partition("/")[0], Kind.OTHER)


def folders(files: Mapping[str, str], bundle: Bundle | None) -> tuple[Folder, ...]:
    """Return every folder with its files; without a bundle, as the files make none, nothing is known of actions."""
    actions = {each.file: each for each in bundle.actions.values()} if bundle else {}
    found: dict[str, list[File]] = {}
    for path, text in sorted(files.items()):
        folder = path.rpartition("/")[0]
        made = File(path=path, kind=kind_of(path, actions), lines=text.count("\n"), action=actions.get(path))
        found.setdefault(folder, []).append(made)
    order = sorted(found, key=lambda folder: (_ORDER.get(folder.partition("/")[0], len(_ORDER)), folder))
    return tuple(Folder(path=folder, files=tuple(found[folder])) for folder in order)


def beside(path: str, files: Mapping[str, str]) -> tuple[str, ...]:
    """Return the files that belong to a Rego file: its test, its contract, or what these are of."""
    stem = path.removesuffix(".rego").removesuffix(".schema.json").removesuffix("_test")
    return tuple(
        each for each in (f"{stem}.rego", f"{stem}_test.rego", f"{stem}.schema.json") if each in files and each != path
    )
