"""The policies that decide, held against those that are declared: what differs, and how.

Four states are compared: what Git declares and was put in force by a decision; what is published; what this node has in
force and its workers have loaded; the settings and overrides that hold while they run. Pure: who looks is `scanning`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from app.loaded import digests, modules_of
from app.pdp.bundle import Bundle
from app.pdp.model import Enforcement

GRACE: Final = 15.0
"""Seconds that a worker has to take over what was put in force."""

SETTLED: Final = 60.0
"""Seconds that other nodes have to follow an activation before it is drift that they have not."""

_UNSIGNED: Final = "unsigned"


class Kind(StrEnum):
    """How something differs."""

    UNSYNCED = "unsynced"  # older or newer than declared, and known
    FOREIGN_MODULE = "foreign_module"  # a file that the declared policies do not have, or not so, or not any more
    UNSIGNED_COMMIT = "unsigned_commit"
    UNKNOWN_COMMIT = "unknown_commit"  # signed by nobody who counts, or a history that was rewritten
    STALE_WORKER = "stale_worker"
    EDITED_BUNDLE = "edited_bundle"
    OVERRIDE_PAST_ITS_TIME = "override_past_its_time"
    ENGINE_MISMATCH = "engine_mismatch"
    CHANGE_OUTSIDE_WINDOW = "change_outside_window"
    SETTING_DIFFERS = "setting_differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference: where, what is declared, what was found instead. Neither is personal data.

    `blocking`: it can let something happen that a rule would stop which blocks. `mended`: putting the declared policies
    in force again ends it. `worker`: the one whose replacement ends it.
    """

    kind: Kind
    place: str
    declared: str = ""
    found: str = ""
    blocking: bool = True
    mended: bool = False
    worker: str = ""

    def document(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return {
            "kind": self.kind.value,
            "place": self.place,
            "declared": self.declared,
            "found": self.found,
            "blocking": self.blocking,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What Git declares and a decision put in force; or, from a directory, whoever has the node's keys.

    Attributes:
        commit: the commit in force; none where policies come from a directory.
        bundle: its policies.
        head: where the protected branch stands.
        refused: the commit of the branch that is not to be trusted, and why; None where all are.
        earlier: digests of what was in force before, by decisions.
        activated: seconds since it was put in force.
        decided: whether a decision on record permits it, inside a change window.
    """

    commit: str = ""
    bundle: Bundle
    head: str = ""
    refused: tuple[str, str] | None = None
    earlier: frozenset[str] = frozenset()
    activated: float = 0.0
    decided: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A bundle as it is kept on this node: `bundle` None where the file is not what its name says.

    `sources` are the modules that the file would have an evaluator load, by path; none where it cannot be read.
    """

    digest: str
    bundle: Bundle | None
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def modules(self) -> dict[str, str]:
        """Return hex SHA-256 of each source, by path."""
        return digests(self.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a worker says of itself; `digest` None: it says nothing any more. `pid` None: nor does it run."""

    worker: str
    digest: str | None
    pid: int | None = None
    engine: str = ""
    modules: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Everything that is compared.

    Attributes:
        declared: None where nobody has declared anything yet.
        undeclared: why what was declared cannot be believed, or is not there any more.
        published: the digest of what is published and verified; `unpublished` says why there is none.
        active: the digest that this node's workers are told to load, None where that cannot be read.
        active_for: seconds since they were told.
        kept: the bundles that decide here, by digest.
        workers: of this node.
        engine: what evaluates policies in this software.
        overrides: those that were used although their time, or their number of uses, had ended.
        settings: each that has a declared value, with that and with what runs.
    """

    declared: Declared | None
    undeclared: str = ""
    published: str | None = None
    unpublished: str = ""
    active: str | None
    active_for: float = GRACE
    kept: Mapping[str, Kept]
    workers: Sequence[Loaded]
    engine: str
    overrides: Sequence[str] = ()
    settings: Sequence[tuple[str, str, str]] = ()


def compare(observed: Observed) -> tuple[Finding, ...]:
    """Return everything that differs, in a fixed order; nothing is a clean scan."""
    found = (
        *_branch(observed),
        *_published(observed),
        *_node(observed),
        *_kept(observed),
        *_workers(observed),
        *(Finding(kind=Kind.OVERRIDE_PAST_ITS_TIME, place=each) for each in observed.overrides),
        *_settings(observed),
    )
    return tuple(sorted(set(found), key=lambda each: (each.kind, each.place, each.found)))


def fingerprint(findings: Sequence[Finding]) -> str:
    """Return a digest of findings: the same findings alarm once."""
    text = json.dumps([each.document() for each in findings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def differing(declared: Bundle, modules: Mapping[str, str], known: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding for each module that is not as declared; `known` has the digests of the declared ones."""
    for path in sorted(known.keys() | modules.keys()):
        if known.get(path) != modules.get(path):
            yield Finding(
                kind=Kind.FOREIGN_MODULE,
                place=path,
                declared=known.get(path, "")[:12] or "no such file",
                found=modules.get(path, "")[:12] or "no such file",
                blocking=blocks(declared, path),
                mended=True,
            )


def blocks(bundle: Bundle, path: str) -> bool:
    """Tell whether a file can have a part in a decision that blocks. Whatever is not known as an action's own does."""
    owners = [action for action in bundle.actions.values() if action.file == path]
    if not owners:
        return True
    return any(rule.enforcement is Enforcement.BLOCKING for action in owners for rule in action.rules.values())


def _branch(observed: Observed) -> Iterator[Finding]:
    declared = observed.declared
    if declared is None or not declared.commit:
        return
    if declared.refused is not None:
        commit, code = declared.refused
        kind = Kind.UNSIGNED_COMMIT if code == _UNSIGNED else Kind.UNKNOWN_COMMIT
        yield Finding(kind=kind, place="git", declared=declared.commit[:12], found=f"{commit[:12]}: {code}")
    elif declared.head != declared.commit:
        yield Finding(
            kind=Kind.UNSYNCED, place="git", declared=declared.commit[:12], found=declared.head[:12], blocking=False
        )
    if not declared.decided and declared.activated >= SETTLED:
        yield Finding(kind=Kind.CHANGE_OUTSIDE_WINDOW, place=declared.commit[:12])


def _published(observed: Observed) -> Iterator[Finding]:
    declared = observed.declared
    if declared is None or not declared.commit:
        return
    if observed.published is None:
        yield Finding(kind=Kind.EDITED_BUNDLE, place="published", found=observed.unpublished[:200], mended=True)
    elif observed.published != declared.bundle.digest:
        kind = Kind.UNSYNCED if observed.published in declared.earlier else Kind.EDITED_BUNDLE
        yield Finding(
            kind=kind,
            place="published",
            declared=declared.bundle.digest[:12],
            found=observed.published[:12],
            mended=True,
        )


def _node(observed: Observed) -> Iterator[Finding]:
    """Yield how what this node is told to load differs from what is declared."""
    active, declared = observed.active, observed.declared
    if observed.undeclared:
        yield Finding(kind=Kind.EDITED_BUNDLE, place="declared", found=observed.undeclared[:200])
    if active is None:
        yield Finding(kind=Kind.EDITED_BUNDLE, place="active", found="no digest of a bundle", mended=True)
        return
    if declared is None or active == declared.bundle.digest:
        return
    if active in declared.earlier:
        yield Finding(
            kind=Kind.UNSYNCED, place="active", declared=declared.bundle.digest[:12], found=active[:12], mended=True
        )
        return
    kept = observed.kept.get(active)
    foreign = list(differing(declared.bundle, kept.modules, _known(observed))) if kept and kept.sources else []
    yield from foreign
    if not foreign:  # data, contracts, or a file that cannot be read: nobody put that in force by a decision
        yield Finding(
            kind=Kind.EDITED_BUNDLE,
            place="active",
            declared=declared.bundle.digest[:12],
            found=active[:12],
            mended=True,
        )


def _kept(observed: Observed) -> Iterator[Finding]:
    for digest, kept in observed.kept.items():
        if kept.bundle is None:
            yield Finding(kind=Kind.EDITED_BUNDLE, place=f"bundles/{digest[:12]}", found="edited", mended=True)
            if kept.sources and observed.declared is not None and digest == observed.declared.bundle.digest:
                yield from differing(observed.declared.bundle, kept.modules, _known(observed))


def _workers(observed: Observed) -> Iterator[Finding]:
    for each in observed.workers:
        if each.digest is None:
            yield Finding(kind=Kind.STALE_WORKER, place=each.worker, found="says nothing", worker=each.worker)
            continue
        if each.digest != observed.active and observed.active is not None and observed.active_for >= GRACE:
            yield Finding(
                kind=Kind.STALE_WORKER,
                place=each.worker,
                declared=observed.active[:12],
                found=each.digest[:12],
                worker=each.worker,
            )
        if each.engine != observed.engine:
            yield Finding(
                kind=Kind.ENGINE_MISMATCH,
                place=each.worker,
                declared=observed.engine,
                found=each.engine,
                worker=each.worker,
            )
        yield from _foreign_in(each, observed)


def _foreign_in(worker: Loaded, observed: Observed) -> Iterator[Finding]:
    """Yield the modules that a worker says it loaded and that the bundle does not have which it says they are of."""
    kept = observed.kept.get(worker.digest or "")
    if kept is None or kept.bundle is None:
        return
    for finding in differing(kept.bundle, worker.modules, kept.modules):
        yield Finding(
            kind=finding.kind,
            place=f"{worker.worker}: {finding.place}",
            declared=finding.declared,
            found=finding.found,
            blocking=finding.blocking,
            worker=worker.worker,
        )


def _settings(observed: Observed) -> Iterator[Finding]:
    for name, declared, found in observed.settings:
        if declared != found:
            yield Finding(kind=Kind.SETTING_DIFFERS, place=name, declared=declared, found=found, blocking=False)


def _known(observed: Observed) -> dict[str, str]:
    if observed.declared is None:
        return {}
    return modules_of(observed.declared.bundle)
