"""What can be done about policies that are not as they were decided, and about overrides past their time."""

from collections.abc import Callable
from datetime import datetime

from app.control_testing.running import log_of
from app.features.policies.drift.drift_job import Declaring, scan
from app.features.policies.drift.healing import NOTHING, Healer, wanted
from app.features.policies.errors import PoliciesError
from app.features.policies.overrides import overriding
from app.keys import KeyFileError
from app.pdp.enforce import Permit
from app.remediation import Case, Remediation, RemediationError
from app.settings import Settings
from evidence.errors import EvidenceError
from evidence.record import Position, Record


class Healing:
    """Puts the declared policies in force again on this node, as the scan for drift does. Policy is asked once more."""

    def __init__(self, settings: Settings, declaring: Declaring, healer: Healer) -> None:
        self._settings, self._declaring, self._healer = settings, declaring, healer

    def run(self, _permit: Permit, _case: Case, now: datetime) -> dict[str, int]:
        """Look, and heal what is to be healed.

        Raises:
            RemediationError: what is declared cannot be found out, or it is not in force again.
        """
        try:
            found = scan(self._settings, self._declaring, now)
        except PoliciesError as error:
            raise RemediationError(error.code, str(error)) from error
        if not wanted(found.observed.declared, found.findings):
            return {"nodes": 0}
        if self._healer.mend(found.observed, found.findings, now, "schedule") == NOTHING:
            raise RemediationError("not_healed", "the declared policies are not in force again")
        return {"nodes": 1}


class Revoking:
    """Revokes the overrides that deviating decisions used or began. `record` returns what stands at a place."""

    def __init__(self, record: Callable[[str], Record]) -> None:
        self._record = record

    def run(self, permit: Permit, case: Case, now: datetime) -> dict[str, int]:
        """Look into the log which they are, and revoke them, and those that are past their time.

        Raises:
            RemediationError: the log cannot be read.
        """
        try:
            named = {name for each in case.positions for name in used(self._record(each))}
        except (EvidenceError, KeyFileError) as error:
            raise RemediationError("log", str(error)) from error
        return {"overrides": overriding.revoke_all(permit, named, case.positions, int(now.timestamp()))}


def used(record: Record) -> list[str]:
    """Return the ids of the overrides that a decision used."""
    result = record.body.get("result")
    grants = result.get("overrides", []) if isinstance(result, dict) else []
    return [str(each["id"]) for each in grants]


def remedies(settings: Settings, declaring: Declaring, healer: Healer) -> tuple[Remediation, ...]:
    """Return them, as this node can do them."""

    def record(position: str) -> Record:
        return Record.parse(log_of(settings).reader.locate(Position.parse(position)).record)

    return (
        Remediation(
            name="policies.heal",
            title="put the policies in force again that were decided on",
            run=Healing(settings, declaring, healer).run,
        ),
        Remediation(
            name="policies.revoke_override",
            title="revoke the overrides that deviating decisions used or began, and those past their time",
            run=Revoking(record).run,
        ),
    )
