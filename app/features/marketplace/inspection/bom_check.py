"""Whether a bill of materials is of this artifact and lists what the artifact's own files list; and one made of them.

A bill that is correct and leaves something out is the attack: nobody looks for vulnerabilities in what is not listed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from packaging.utils import canonicalize_name

from app.features.marketplace.inspection.bom import Bom, Component
from app.features.marketplace.inspection.lock_file import Dependency, Locked

_SHOWN: Final = 10
_PYTHON: Final = frozenset({"", "PyPI"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Omission:
    """What a file of the artifact lists and the bill does not."""

    dependency: Dependency
    path: str


def omissions(bom: Bom, locks: Sequence[Locked]) -> tuple[Omission, ...]:
    """Return what `locks` list and `bom` does not; a pinned dependency has to be there in its version."""
    listed = [each for each in bom.components if each.ecosystem in _PYTHON]
    pinned = {(each.name, each.version) for each in listed}
    names = {each.name for each in listed if each.version}
    return tuple(
        Omission(dependency=each, path=lock.path)
        for lock in locks
        for each in sorted(lock.dependencies, key=lambda each: (each.name, each.version or ""))
        if ((each.name, each.version) not in pinned if each.version else each.name not in names)
    )


def told(found: Sequence[Omission]) -> str:
    """Return what is missing as a sentence."""
    shown = [f"{each.dependency.name} {each.dependency.version or ''}".strip() for each in found[:_SHOWN]]
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"The bill of materials leaves out what `{found[0].path}` lists: {', '.join(shown)}{more}."


def made(digest: str, name: str, version: str, locks: Sequence[Locked]) -> tuple[dict[str, Any], tuple[Component, ...]]:
    """Return a bill in CycloneDX 1.6 of what `locks` list, for the artifact with the hex SHA-256 `digest`."""
    listed = components_of(locks)
    main = {
        "type": "application",
        "bom-ref": "artifact",
        "name": name,
        "version": version,
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }
    parts = [_stated(each) for each in listed]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": main},
        "components": parts,
        "dependencies": [{"ref": "artifact", "dependsOn": [each["bom-ref"] for each in parts]}],
    }
    return document, listed


def components_of(locks: Iterable[Locked]) -> tuple[Component, ...]:
    """Return what `locks` list, each once: a name without a version only where none of them pins it."""
    every = {each for lock in locks for each in lock.dependencies}
    pinned = {each.name for each in every if each.version}
    kept = sorted((each.name, each.version or "") for each in every if each.version or each.name not in pinned)
    return tuple(
        Component(ecosystem="PyPI", name=name, version=version, purl=_purl(name, version)) for name, version in kept
    )


def _purl(name: str, version: str) -> str:
    return f"pkg:pypi/{canonicalize_name(name)}" + (f"@{version.replace('+', '%2B')}" if version else "")


def _stated(component: Component) -> dict[str, Any]:
    version = {"version": component.version} if component.version else {}
    return {
        "type": "library",
        "bom-ref": component.purl,
        "name": component.name,
        "purl": component.purl,
    } | version
