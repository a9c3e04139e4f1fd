"""What an artifact holds that says what it is: metadata, files about dependencies, documentation.

Reads it once, in order, and keeps only what is needed later. Nothing is run.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from packaging.utils import canonicalize_name

from app.features.marketplace.inspection.archive import walk
from app.features.marketplace.inspection.bom import Component
from app.features.marketplace.inspection.errors import LockError
from app.features.marketplace.inspection.lock_file import Dependency, Locked, header, kind_of, parse_lock
from app.features.marketplace.inspection.manifest import Manifest

_DOCUMENTS: Final = {"readme": "the readme", "changelog": "the changelog"}
_WORDS: Final = {"support": "how to get support", "limitations": "its limitations"}
_MOST: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What was found.

    Attributes:
        paths: of every file.
        locks: what each file about dependencies says.
        bundled: distributions that lie in the artifact, beside its own.
        licences: what the metadata in it state, by the name of the distribution.
        problems: about files that could not be read, as sentences.
    """

    paths: frozenset[str]
    locks: tuple[Locked, ...]
    bundled: tuple[Dependency, ...]
    licences: Mapping[str, str]
    problems: tuple[str, ...]

    def undocumented(self, manifest: Manifest) -> list[str]:
        """Return what is not documented, in words: what the manifest leaves out, or names and is not there."""
        said = manifest.document["documentation"]
        lacking = [word for name, word in _WORDS.items() if name not in said]
        names = {path.partition("/")[2] for path in self.paths} | self.paths
        return [word for name, word in _DOCUMENTS.items() if said.get(name) not in names] + lacking

    def licensed(self, components: Iterable[Component], manifest: Manifest) -> list[Component]:
        """Return `components` with the licences that the artifact itself states of them, and the agent as one."""
        own = Component(ecosystem="", name=manifest.name, version=manifest.version, licences=(manifest.licence,))
        return [own, *(self._licensed(each) for each in components)]

    def _licensed(self, component: Component) -> Component:
        stated = self.licences.get(component.name)
        return component if component.licences or stated is None else replace(component, licences=(stated,))


def contents_of(artifact: bytes, manifest: Manifest, lock: bytes | None = None) -> Contents:
    """Return what `artifact` holds; `lock` is a file about dependencies that came beside it.

    Raises:
        ArchiveError: it cannot be opened safely.
    """
    kept: dict[str, bytes] = {}
    paths = set()
    for file in walk(artifact):
        paths.add(file.path.removeprefix("./"))
        if kind_of(file.path.removeprefix("./")) and len(kept) < _MOST:
            kept[file.path.removeprefix("./")] = file.data
    if lock is not None:
        kept[_lock_name(lock)] = lock
    return _read(frozenset(paths), kept, manifest)


def _read(paths: frozenset[str], kept: Mapping[str, bytes], manifest: Manifest) -> Contents:
    fields, problems = _headers(kept)
    named = {path: canonicalize_name(each.get("name", [""])[0]) for path, each in fields.items()}
    own = canonicalize_name(manifest.name) if len(named) != 1 else next(iter(named.values()))
    locks, unread = _locks({path: kept[path] for path in kept if named.get(path, own) == own}, own)
    return Contents(
        paths=paths,
        locks=tuple(locks),
        bundled=tuple(_bundled(fields, named, own)),
        licences={named[path]: text for path, each in fields.items() if (text := _licence(each))},
        problems=(*problems, *unread),
    )


def _headers(kept: Mapping[str, bytes]) -> tuple[dict[str, Mapping[str, list[str]]], list[str]]:
    fields, problems = {}, []
    for path, data in kept.items():
        if kind_of(path) == "metadata":
            try:
                fields[path] = header(data)
            except LockError as error:
                problems.append(f"`{path}`: {error}.")
    return fields, problems


def _locks(kept: Mapping[str, bytes], own: str) -> tuple[list[Locked], list[str]]:
    locks, problems = [], []
    for path, data in sorted(kept.items()):
        try:
            locks.append(parse_lock(path, data, own=own))
        except LockError as error:
            problems.append(f"{error}.".capitalize())
    return locks, problems


def _bundled(fields: Mapping[str, Mapping[str, list[str]]], named: Mapping[str, str], own: str) -> Iterable[Dependency]:
    for path, each in sorted(fields.items()):
        if named[path] and named[path] != own:
            yield Dependency(name=named[path], version=next(iter(each.get("version", ())), None))


def _licence(fields: Mapping[str, list[str]]) -> str:
    """Return the licence that metadata state: the expression of PEP 639, or the older field where it is short."""
    stated = fields.get("license-expression") or fields.get("license") or [""]
    return stated[0] if "\n" not in stated[0] else ""


def _lock_name(data: bytes) -> str:
    """Return under which name a file about dependencies would lie: the two TOML forms say who wrote them."""
    head = data[:4_096]
    if b"@generated by Poetry" in head:
        return "poetry.lock"
    return "uv.lock" if b"[[package]]" in data and b"\nrequires-python" in b"\n" + head else "requirements.txt"
