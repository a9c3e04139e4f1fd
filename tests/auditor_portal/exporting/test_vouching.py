"""The log's word for a workpaper: asked for as things are by then, and waited for."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from app.audits.database import portal_data
from app.audits.rows_firms import EngagementRow, FirmRow
from app.pdp.enforce import Permit
from app.pdp.errors import UnrecordedError
from app.pdp.model import Decision, Entity, EvaluationRequest
from auditor_portal.beside import WorkError
from auditor_portal.exporting.vouching import Voucher
from evidence.errors import FindingError, NotFoundError
from tests.auditor_portal.portal import ENGAGEMENT, PERMIT, signed_in

POSITION = "019aa00000000000beef-7"
MANIFEST, REPORT = "ab" * 32, "cd" * 32


def permit(engagement=ENGAGEMENT):
    """Return the permit for an export, as the portal had it."""
    who, seconds = signed_in(), "2026-11-01T00:00:00Z"
    thing = {
        "kind": "report",
        "id": "",
        "framework": "soc2",
        "frameworks": ["soc2"],
        "format": "zip",
        "from": "2026-10-01T00:00:00Z",
        "to": seconds,
        "period_start": "2026-10-01T00:00:00Z",
        "period_end": seconds,
        "sha256": "",
        "report": "",
    }
    facts = {"firm": "acme", "firm_state": "active", "member": True, "state": "open", "starts": seconds}
    facts |= {"ends": "2026-12-01T00:00:00Z", "networks": ["198.51.100.0/24"], "object": thing}
    subject = {"firm": who.firm, "second_factor": True, "mfa_class": "totp"}
    asked = EvaluationRequest(
        subject=Entity(type="auditor", id=who.id, properties=subject),
        action="auditor_portal.export",
        resource=Entity(type="engagement", id=engagement, properties=facts),
        context={"address": "198.51.100.7"},
    )
    return Permit(request=asked, decision_id="d-1", decision=Decision(allow=True), bundle="b", revision="r")


class Reader:
    """A reader that can prove a record once it was asked so often."""

    def __init__(self, after=0):
        self.after, self.asked, self.permits = after, [], []

    def prove(self, position):
        self.asked.append(position.decision_id)
        if len(self.asked) <= self.after:
            raise NotFoundError("not sealed yet")
        return "a proof"


def voucher(portal, reader, pdp=None):
    paused = []
    asked = pdp or Named(portal.around.pdp)
    made = Voucher(pdp=asked, reader=reader, acted=reader.permits.append, pause=paused.append, patience=3.0)
    return made, paused


class Named:
    """The decision point, whose decisions stand at one place of a log."""

    def __init__(self, pdp):
        self.pdp = pdp

    def enforce(self, request, caller):
        found = self.pdp.enforce(request, caller)
        return Permit(request=request, decision_id=POSITION, decision=found.decision, bundle="b", revision="r")


def test_it_is_waited_for_until_the_log_can_prove_it(portal):
    reader = Reader(after=2)
    made, paused = voucher(portal, reader)
    assert made.vouched(permit(), MANIFEST, REPORT) == "a proof"
    assert (reader.asked, paused) == ([POSITION] * 3, [1.0, 1.0])
    assert [each.decision_id for each in reader.permits] == [POSITION]
    [said] = portal.around.records[-1][1]["result"]["obligations"]
    assert (said["manifest"], said["report"]) == (MANIFEST, REPORT)


def test_it_is_given_up_in_the_end(portal):
    with pytest.raises(WorkError, match="has not sealed the record of this export in time"):
        voucher(portal, Reader(after=99))[0].vouched(permit(), MANIFEST, REPORT)


def test_a_policy_that_names_nothing_vouches_for_nothing(portal):
    silent = SimpleNamespace(enforce=lambda *_: replace(PERMIT, decision_id=POSITION))
    with pytest.raises(WorkError, match="policy does not name the workpaper"):
        voucher(portal, Reader(), silent)[0].vouched(permit(), MANIFEST, REPORT)


def ended(session):
    row = session.get_one(EngagementRow, ENGAGEMENT)
    row.state = "ended"
    session.add(row)


def suspended(session):
    row = session.get_one(FirmRow, "acme")
    row.state = "suspended"
    session.add(row)


@pytest.mark.parametrize("change", [ended, suspended])
def test_an_access_that_ended_meanwhile_lets_nothing_leave(portal, change):
    with portal_data.writing(PERMIT) as session:
        change(session)
    with pytest.raises(WorkError, match="policy does not permit that it leaves any more"):
        voucher(portal, Reader())[0].vouched(permit(), MANIFEST, REPORT)
    assert portal.decided[-1] == ("auditor_portal.export", False)


def test_an_engagement_that_is_gone_lets_nothing_leave(portal):
    with pytest.raises(WorkError, match="is not there any more"):
        voucher(portal, Reader())[0].vouched(permit("gone"), MANIFEST, REPORT)


def raising(error):
    def fails(*_):
        raise error

    return fails


def test_without_a_decision_and_without_a_log_there_is_no_word(portal):
    silent = SimpleNamespace(enforce=raising(UnrecordedError("no answer")))
    with pytest.raises(WorkError, match="evidence_unavailable: the log cannot vouch"):
        voucher(portal, Reader(), silent)[0].vouched(permit(), MANIFEST, REPORT)
    broken = SimpleNamespace(permits=[], prove=raising(FindingError("wrong-root", "x", "is wrong")))
    with pytest.raises(WorkError, match="the log cannot vouch"):
        voucher(portal, broken)[0].vouched(permit(), MANIFEST, REPORT)
