"""The log's word for a workpaper: a decision that names its manifest, waited for until the log can prove its record.

The portal has no key of the log. So nobody signs the manifest: the decision point is asked whether this workpaper may
leave, with its hashes as facts, and policy names them openly in the record. The proof of that record goes into the zip.
Whoever has the log's verifier key sees that the log holds an export of exactly these bytes.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from app.audits.engagements import find_engagement, member
from app.audits.firms import find_firm
from app.audits.workbook import seconds
from app.pdp.enforce import Permit
from app.pdp.errors import DeniedError, PdpError
from app.pep import Decider
from auditor_portal.beside import WorkError
from auditor_portal.deciding import PORTAL
from evidence.errors import EvidenceError, NotFoundError
from evidence.proof import Proof
from evidence.reader import Reader
from evidence.record import Position

PATIENCE: Final = 900.0
"""Seconds until the log should have come so far that it can prove a record."""

_PAUSE: Final = 1.0  # seconds between two looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """Asks for the log's word.

    Attributes:
        pdp: decides.
        acted: is told of the permit that names the workpaper.
        reader: of the evidence store.
        pause: lets so many seconds pass.
        patience: after so many seconds it is given up.
    """

    pdp: Decider
    reader: Reader
    acted: Callable[[Permit], None] = lambda _: None
    pause: Callable[[float], None] = time.sleep
    patience: float = PATIENCE

    def vouched(self, permit: Permit, manifest: str, report: str) -> Proof:
        """Return the proof of a record that names this manifest and this report.

        Args:
            permit: for the export; the decision is asked for the same auditor, from the same place, as things are now.
            manifest: SHA-256 of the manifest, in hex.
            report: the report's hash.

        Raises:
            WorkError: policy does not permit it any more, or the log does not come so far.
        """
        thing = dict(permit.request.resource.properties["object"])
        thing |= {"kind": "workpaper", "sha256": manifest, "report": report}
        asked = replace(permit.request, resource=now_as(permit, thing))
        try:
            found = self.pdp.enforce(asked, PORTAL)
            self.acted(found)
            _verify_named(found, manifest, report)
            return self._proof(Position.parse(found.decision_id))
        except DeniedError as error:
            raise WorkError("policy does not permit that it leaves any more; that is on record") from error
        except (PdpError, EvidenceError) as error:
            raise WorkError(f"{error.code}: the log cannot vouch for it") from error

    def _proof(self, position: Position) -> Proof:
        waited = 0.0
        while True:
            try:
                return self.reader.prove(position)
            except NotFoundError:
                if waited >= self.patience:
                    raise WorkError("the log has not sealed the record of this export in time") from None
            self.pause(_PAUSE)
            waited += _PAUSE


def _verify_named(permit: Permit, manifest: str, report: str) -> None:
    """Return if the decision names these hashes, as its record does.

    Raises:
        WorkError: policy allows it and does not name it, so that its record would vouch for nothing.
    """
    named = [each for each in permit.decision.obligations if each.get("id") == "workpaper"]
    if [(each.get("manifest"), each.get("report")) for each in named] != [(manifest, report)]:
        raise WorkError("policy does not name the workpaper, so the log cannot vouch for it")


def now_as(permit: Permit, thing: Mapping[str, Any]) -> Any:
    """Return the engagement of a permit as policy sees it now, with facts about what of it is meant."""
    asked = permit.request
    engagement = find_engagement(asked.resource.id)
    firm = None if engagement is None else find_firm(engagement.firm)
    if engagement is None or firm is None:
        raise WorkError("the engagement is not there any more")
    facts = dict(asked.resource.properties) | {
        "firm_state": firm.state.value,
        "member": member(engagement.id, asked.subject.id),
        "state": engagement.state.value,
        "starts": seconds(engagement.starts),
        "ends": seconds(engagement.ends),
        "networks": list(firm.networks),
        "object": dict(thing),
    }
    return replace(asked.resource, properties=facts)
