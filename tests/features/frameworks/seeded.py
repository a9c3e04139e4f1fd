"""A control plane with controls of its own, and a product database in which much was found out about them."""

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from sqlmodel import Session

from app import db
from app.features.frameworks.rows import (
    AttestationRow,
    ControlResultRow,
    FindingAcceptanceRow,
    FindingDeviationRow,
    FindingRow,
    FindingStepRow,
    FrameworkScoreRow,
)
from app.features.frameworks.standing import milliseconds
from frameworks import control_test
from frameworks.collection import shipped
from frameworks.control import Control
from tests.features.serving import NOW, served

AT = datetime.fromtimestamp(NOW, UTC)
CHAIN = "01a203ec17c0f73dc8f6"
RECORD = f"{CHAIN}-7"
EVIL = "<script>alert(1)</script>"
DECISION = f"{CHAIN}-3"


def made(control_id, *tests, criteria, **change):
    """Return a control whose tests are given as in its file, without what their id says."""
    said = {
        "title": f"what {control_id} holds",
        "owner": "security_officer",
        "severity": "high",
        "frequency": "day",
        "rules": ("policies.view/authorised",),
    }
    parsed = tuple(
        control_test.parse("made", {"every": "day", "stale_after": 3, "title": "nothing deviates"} | each)
        for each in tests
    )
    return Control(**(said | change), id=control_id, criteria=criteria, tests=parsed)


MACHINE = {
    "kind": "machine",
    "population": {"types": ["decision"], "where": [{"path": "body.result.allow", "equals": True}]},
    "check": {"each": [{"path": "body.result.failed", "lacks": "reviewed"}]},
}
CONTROLS = (
    made(
        "access-review",
        {"id": "access-review/reviewed", "remediation": "sessions.lock"} | MACHINE,
        {
            "id": "access-review/attested",
            "kind": "attestation",
            "role": "compliance_officer",
            "second_role": "ciso",
            "statement": "the list of roles was reviewed",
            "every": "quarter",
            "stale_after": 100,
        },
        {
            "id": "access-review/inspected",
            "kind": "inspection",
            "instruction": "three accounts are looked at",
            "every": "year",
            "stale_after": 400,
        },
        criteria=("soc2/CC6.2", "soc2/CC6.3", "hipaa/164.308(a)(4)"),
    ),
    made("tenants", {"id": "tenants/apart"} | MACHINE, criteria=("soc2/CC6.1",)),
    made("old", {"id": "old/news"} | MACHINE, criteria=("soc2/CC1.1",)),
    made("idle", {"id": "idle/hands"} | MACHINE, criteria=("soc2/CC1.2",)),
    made("new", {"id": "new/never"} | MACHINE, criteria=("soc2/CC1.3",)),
    made(
        "evil",
        {"id": "evil/markup", "title": EVIL} | MACHINE,
        criteria=("soc2/CC1.4",),
        title=EVIL,
        owner="ciso",
        rules=("gone.away/gate",),
    ),
    made("bare", criteria=("soc2/CC1.5",), severity="low", rules=()),
)


def result(test, outcome="effective", days=0.5, deviations=(), count=None):
    """Return the row of a result, so many days old."""
    at = AT - timedelta(days)
    return ControlResultRow(
        test=test,
        tested_at=milliseconds(at),
        control=test.partition("/")[0],
        kind="machine",
        outcome=outcome,
        period_start=milliseconds(at - timedelta(1)),
        period_end=milliseconds(at),
        query='{"types":["decision"]}',
        population=0 if outcome == "did_not_occur" else 4_211,
        population_sha256="ab" * 32,
        first="" if outcome == "did_not_occur" else f"{CHAIN}-5",
        last="" if outcome == "did_not_occur" else f"{CHAIN}-4216",
        first_time="" if outcome == "did_not_occur" else "2026-11-21T14:00:00.000000Z",
        last_time="" if outcome == "did_not_occur" else "2026-11-22T01:59:59.000000Z",
        revisions='["r1"]',
        deviation_count=len(deviations) if count is None else count,
        deviations=json.dumps(deviations),
        decision_id=DECISION,
    )


DEVIATIONS = (
    (RECORD, "2026-11-21T18:00:00.000000Z", "each: body.result.failed lacks reviewed"),
    ("", "2026-11-21T19:00:00.000000Z", EVIL),
)
FINDING = "fnd-0123456789abcdef"
CLOSED = "fnd-00000000000000ff"


def finding(finding_id, state="open", days=5, **change):
    """Return the row of a finding that was opened so many days ago, due after three."""
    said = {
        "control": "access-review",
        "test": "access-review/reviewed",
        "severity": "high",
        "owner": "security_officer",
        "remediation": "sessions.lock",
        "deviation_count": 2,
    }
    at = AT - timedelta(days)
    return FindingRow(
        **(said | change),
        id=finding_id,
        state=state,
        lasting=True,
        opened_at=milliseconds(at),
        due_at=milliseconds(at + timedelta(3)),
        changed_at=milliseconds(at),
        decision_id=DECISION,
        changed_by_decision=DECISION,
    )


def step(number, state, code, by="frameworks.test_controls", note=""):
    """Return a step of the finding."""
    at = milliseconds(AT - timedelta(5) + timedelta(hours=number))
    return FindingStepRow(
        finding=FINDING, number=number, state=state, at=at, by=by, code=code, note=note, decision_id=DECISION
    )


def rows():
    """Return all that was found out, parents first."""
    yield from (
        result("access-review/reviewed", "deviations", deviations=DEVIATIONS, count=120),
        result("access-review/reviewed", days=1.5),
        result("tenants/apart"),
        result("old/news", days=9),
        result("idle/hands", "did_not_occur"),
        result("evil/markup"),
        finding(FINDING),
        finding(CLOSED, "closed", days=40),
    )
    yield from (
        FrameworkScoreRow(
            framework="soc2",
            day=(AT - timedelta(days)).date().isoformat(),
            criteria=61,
            effective=58 - days % 7,
            idle=1,
            deviating=1 + days % 3,
            unknown=1 + days % 7 - days % 3,
            decision_id=DECISION,
        )
        for days in range(40, 0, -1)
    )
    for number, (position, time, reason) in enumerate(DEVIATIONS):
        yield FindingDeviationRow(
            test="access-review/reviewed",
            key=str(number),
            finding=FINDING,
            position=position,
            time=time,
            reason=reason,
            found_at=milliseconds(AT),
            decision_id=DECISION,
        )
    yield step(1, "open", "found")
    yield step(2, "open", "acceptance_wanted", by="ofc-9", note=EVIL)
    yield FindingAcceptanceRow(
        finding=FINDING,
        until=milliseconds(AT + timedelta(30)),
        folded="ofc-9",
        person="ofc-9",
        role="ciso",
        reason="the supplier mends it in December",
        at=milliseconds(AT - timedelta(4)),
        decision_id=DECISION,
    )
    yield AttestationRow(
        decision_id=f"{CHAIN}-8",
        test="access-review/attested",
        kind="attested",
        person="ofc-8",
        role="compliance_officer",
        statement="the list of roles was reviewed",
        conclusion="",
        at=milliseconds(AT - timedelta(hours=2)),
    )


def seed(url, found):
    """Put rows into the product database at `url`, without a permit."""
    engine = db.open_engine(url)
    with Session(engine) as session:
        for row in found:
            session.add(row)
            session.flush()
        session.commit()
    engine.dispose()


@contextmanager
def standing(url, found=None, **options):
    """Run a control plane with these controls and these rows, or with all there are here."""
    shown = replace(shipped(), controls=MappingProxyType({each.id: each for each in CONTROLS}))
    with served(url, collection=lambda: shown, **options) as plane:
        seed(url, rows() if found is None else found)
        yield plane
