"""The bill of materials of a release: the one that came, held against the artifact, or one made of its own files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.features.marketplace.inspection.bom import Bom, Component, parse_bom
from app.features.marketplace.inspection.bom_check import made, omissions, told
from app.features.marketplace.inspection.contents import Contents
from app.features.marketplace.inspection.errors import BomError
from app.features.marketplace.inspection.lock_file import Locked
from app.features.marketplace.inspection.manifest import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What is known of the bill. `valid`: it is one, and of this artifact; `complete`: it leaves nothing out.

    `generated`: none came, and this one was made. `components` are what it lists, and what it should list: what a file
    of the artifact names is looked up all the same.
    """

    valid: bool
    complete: bool
    generated: bool
    components: tuple[Component, ...]
    document: dict[str, Any]
    problems: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """Return what policy is told."""
        return {
            "format": "cyclonedx",
            "valid": self.valid,
            "complete": self.complete,
            "generated": self.generated,
            "components": len(self.components),
        }


def examined_bom(
    sent: bytes | None, attested: bytes | None, digest: str, manifest: Manifest, contents: Contents
) -> Examined:
    """Return what is known of the bill of the artifact with the hex SHA-256 `digest`.

    Args:
        sent: a bill that came as a file; it has to name the digest of the artifact.
        attested: one out of a statement that was verified to be about this artifact; it may name the digest.
        digest: of the artifact.
        manifest: of the agent.
        contents: of the artifact.
    """
    locks = [*contents.locks, Locked(path="the artifact", dependencies=frozenset(contents.bundled))]
    known = made(digest, manifest.name, manifest.version, locks)
    data = sent if attested is None else attested
    if data is None:
        return _generated(*known, contents)
    try:
        bom = parse_bom(data)
    except BomError as error:
        return _unusable(f"The bill of materials is not valid: {error}.", known[1])
    return _held(bom, digest, locks, contents, bound=attested is not None)


def _generated(document: dict[str, Any], listed: tuple[Component, ...], contents: Contents) -> Examined:
    open_ended = [each.name for each in listed if not each.version]
    said = list(contents.problems)
    if not contents.locks:
        said.append("Neither a bill of materials nor a file about dependencies came: what it is made of is not known.")
    if open_ended:
        said.append(f"No lock file pins {', '.join(open_ended[:10])}: which versions it is made of is not known.")
    return Examined(
        valid=True,
        complete=not said,
        generated=True,
        components=listed,
        document=document,
        problems=tuple(said),
    )


def _held(bom: Bom, digest: str, locks: Sequence[Locked], contents: Contents, *, bound: bool) -> Examined:
    said = list(contents.problems)
    of_this = bom.subject == digest or (bound and bom.subject is None)
    if not of_this:
        seen = "no artifact" if bom.subject is None else f"sha256:{bom.subject}"
        said.append(f"The bill of materials is of {seen}; expected: sha256:{digest}.")
    missing = omissions(bom, locks)
    if missing:
        said.append(told(missing))
    if not contents.locks:
        said.append("No file in the artifact says what it depends on: the bill cannot be held against anything.")
    listed = {(each.ecosystem, each.name, each.version): each for each in bom.components}
    left_out = made(
        digest, "", "", [Locked(path=each.path, dependencies=frozenset([each.dependency])) for each in missing]
    )
    return Examined(
        valid=of_this,
        complete=of_this and len(said) == 0,
        generated=False,
        components=(*listed.values(), *left_out[1]),
        document=bom.document,
        problems=tuple(said),
    )


def _unusable(why: str, listed: tuple[Component, ...]) -> Examined:
    return Examined(valid=False, complete=False, generated=False, components=listed, document={}, problems=(why,))
