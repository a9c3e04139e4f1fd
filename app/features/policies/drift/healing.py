"""Puts in force again what was decided, and shows what stood there instead for review; nothing foreign is ever merged.

A worker that goes on with something else is replaced by its supervisor. Owns when that is wanted and what is done.
Whether it may be done, policy says first.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sqlmodel import Session

from app import activation, keys, replacing, statement
from app.db import writing
from app.features.policies.drift.comparing import Declared, Finding, Observed
from app.features.policies.errors import PoliciesError, PublicationError
from app.features.policies.git.publication import publish
from app.features.policies.git.rows_activations import newest
from app.objects import ObjectsError, open_objects
from app.pdp.enforce import Permit
from app.pdp.errors import BundleError, DeniedError, PdpError
from app.pdp.model import Entity, EvaluationRequest
from app.settings import Settings

_LOG = logging.getLogger(__name__)

HEAL: Final = "policies.heal"
_PUBLISHED: Final = "published"

ATTEMPTS: Final = 3
"""How often a worker is replaced, scan after scan, that differs again each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What was done: whether the declared policies are in force again, and which workers are replaced.

    `change` names the change request that shows what was foreign.
    """

    in_force: bool = False
    replaced: tuple[str, ...] = ()
    change: str | None = None


NOTHING: Final = Mended()
"""Nothing was done."""


class HealingError(PoliciesError):
    """What was decided is not in force again; it is tried again at the next scan."""

    code = "not_healed"


class ForeignChanges(Protocol):
    """Opens change requests for what was found."""

    def open_foreign(self, base: str, files: Mapping[str, bytes | None], reason: str) -> str | None:
        """Return the name of a request, never merged by itself, that would bring `files` to what `base` has.

        Args:
            base: the commit that is declared.
            files: what was found, by path below policies/; None: it was not there.
            reason: one line.

        Returns:
            None, where nobody can open one.
        """


class NoChanges:
    """Opens none: for a node without a repository."""

    def open_foreign(self, base: str, files: Mapping[str, bytes | None], reason: str) -> str | None:  # noqa: ARG002
        """See `ForeignChanges`."""
        return None


def wanted(declared: Declared | None, findings: Sequence[Finding]) -> bool:
    """Return whether something that blocks would be mended by what can be done here."""
    return declared is not None and any((each.mended or each.worker) and each.blocking for each in findings)


def again(findings: Sequence[Finding]) -> bool:
    """Return whether putting the declared policies in force again would mend something that blocks."""
    return any(each.mended and each.blocking for each in findings)


def odd_workers(observed: Observed, findings: Sequence[Finding], retention: Collection[str]) -> tuple[str, ...]:
    """Return the workers whose replacement would mend something that blocks.

    None, while a fresh process would not find the declared policies in force, whole, and with retention classes that
    are kept here: then nobody would decide any more.
    """
    declared = observed.declared
    kept = observed.kept.get(declared.bundle.digest) if declared else None
    if kept is None or kept.bundle is None or observed.active != kept.digest:
        return ()
    if not kept.bundle.retention_classes <= set(retention):
        return ()
    return tuple(sorted({each.worker for each in findings if each.worker and each.blocking}))


def question(declared: Declared, findings: Sequence[Finding], by: str) -> EvaluationRequest:
    """Return what the decision point is asked before it is done."""
    return EvaluationRequest(
        subject=Entity(type="job", id="policies.scan_drift", properties={}),
        action=HEAL,
        resource=Entity(
            type="policies",
            id=declared.bundle.revision,
            properties={
                "digest": declared.bundle.digest,
                "verified": True,  # `declaring` raises otherwise
                "activated": declared.decided,
                "blocking": wanted(declared, findings),
            },
        ),
        context={"by": by},
    )


def heal(permit: Permit, settings: Settings, declared: Declared, findings: Sequence[Finding]) -> None:
    """Put the declared policies in force again on this node, under `permit` for `policies.heal`.

    Raises:
        HealingError: it cannot be done.
    """
    if permit.request.resource.properties.get("digest") != declared.bundle.digest:
        raise HealingError("the permit is for other policies")
    try:
        activation.keep(declared.bundle, settings.bundles)  # under its digest, over whatever stands there
        with writing(permit) as session:  # so that nobody puts other policies in force between the look and the deed
            if not _still(session, settings, declared):
                raise HealingError("other policies were put in force meanwhile")
            activation.put_in_force(declared.bundle.digest, settings.bundles)
        if any(each.place == _PUBLISHED for each in findings):
            publish(declared.bundle, open_objects(settings.bundle_store), keys.ensure_bundle_key(settings.keys))
    except (BundleError, PublicationError, ObjectsError, keys.KeyFileError, OSError) as error:
        raise HealingError(f"the declared policies are not in force again: {error}") from error


def _still(session: Session, settings: Settings, declared: Declared) -> bool:
    """Tell whether what was declared when somebody looked is declared still."""
    if declared.commit:
        last = newest(session)
        return last is None or last.bundle == declared.bundle.digest
    try:
        return statement.verify_stated(settings) == declared.bundle.digest
    except statement.StatementError:
        return False


def foreign_files(observed: Observed, declared: Declared) -> dict[str, bytes | None]:
    """Return every file that was to decide here and is not declared, by path below policies/; None: it was missing."""
    found: dict[str, bytes | None] = {}
    for digest, kept in observed.kept.items():
        if kept.bundle is None:
            found |= _differing(declared.bundle.modules, kept.sources) if kept.sources else {}
        elif digest not in {declared.bundle.digest, *declared.earlier}:
            found |= _differing(declared.bundle.files, kept.bundle.files)
    return found


def _differing(declared: Mapping[str, str], other: Mapping[str, str]) -> dict[str, bytes | None]:
    return {
        path: other[path].encode("utf-8", "replace") if path in other else None
        for path in sorted(declared.keys() | other.keys())
        if declared.get(path) != other.get(path)
    }


class Healer:
    """Heals when a scan finds something to heal. `enforce` asks the decision point."""

    def __init__(
        self,
        settings: Settings,
        enforce: Callable[[EvaluationRequest], Permit],
        changes: ForeignChanges,
    ) -> None:
        self._settings, self._enforce, self._changes = settings, enforce, changes
        self._replaced: Counter[str] = Counter()  # how often in a row each worker was

    def mend(self, observed: Observed, findings: Sequence[Finding], now: datetime, by: str) -> Mended:
        """Do what there is to be done, if policy permits it; return what was done."""
        declared, workers = observed.declared, self._to_replace(observed, findings)
        if declared is None or not (again(findings) or workers):
            return NOTHING
        try:
            permit = self._enforce(question(declared, findings, by))
            if again(findings):
                heal(permit, self._settings, declared, findings)
                _LOG.warning("the policies of %s are in force again", declared.commit[:12] or declared.bundle.revision)
        except DeniedError as error:
            _LOG.warning("drift is not healed: %s", error)
            return NOTHING
        except (PdpError, HealingError) as error:
            _LOG.error("drift is not healed: %s: %s", error.code, error)
            return NOTHING
        return Mended(
            in_force=again(findings),
            replaced=self._replace(observed, workers),
            change=self._shown(observed, declared, now) if again(findings) else None,
        )

    def _to_replace(self, observed: Observed, findings: Sequence[Finding]) -> tuple[str, ...]:
        """Return the workers to replace now; one that differed again after each replacement is a person's business."""
        odd = odd_workers(observed, findings, self._settings.retention)
        for worker in self._replaced.keys() - set(odd):
            del self._replaced[worker]
        return tuple(each for each in odd if self._replaced[each] < ATTEMPTS)

    def _replace(self, observed: Observed, workers: Sequence[str]) -> tuple[str, ...]:
        """Have the supervisor replace workers that still run; return which."""
        asked = []
        for each in observed.workers:
            if each.worker in workers and each.pid is not None:
                try:
                    replacing.ask(self._settings, each.worker, each.pid)
                except OSError as error:
                    _LOG.error("%s is not replaced: %s", each.worker, error.strerror)
                    continue
                self._replaced[each.worker] += 1
                asked.append(each.worker)
        return tuple(asked)

    def _shown(self, observed: Observed, declared: Declared, now: datetime) -> str | None:
        files = foreign_files(observed, declared)
        if not files:
            return None
        try:
            return self._changes.open_foreign(declared.commit, files, f"found on a node at {now.isoformat()}")
        except PoliciesError as error:  # what was foreign decides no more; that it is not shown is told
            _LOG.warning("no change request shows what was foreign: %s: %s", error.code, error)
            return None
