"""The tables of an auditor's own work: tests that were run again, samples, items, notes, conclusions, exports.

It is the auditor's, and lies apart from what the entity has: no page of the control plane reads it. Times are Unix
seconds. Nothing is deleted and nothing that an auditor said is changed: what is said anew is a row with the next
version. Of runs and exports alone the state goes on.
"""

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from app.audits.database import PortalRow

_ENGAGEMENT = "audit_engagement.id"


class RunRow(PortalRow, table=True):
    """Tests of a control (or, with an empty `control`, of all) run again by an auditor.

    `owner` names the process that has it in hand: without that process, what is not over is interrupted.
    """

    __tablename__ = "audit_run"

    id: str = Field(primary_key=True, max_length=32)
    engagement: str = Field(foreign_key=_ENGAGEMENT, max_length=32, index=True)
    control: str = Field(max_length=64)
    phase: str = Field(max_length=16)
    period_start: str = Field(max_length=32)
    period_end: str = Field(max_length=32)
    auditor: str = Field(max_length=256)
    state: str = Field(max_length=16)
    owner: str = Field(max_length=32)
    asked_at: int = Field(sa_type=BigInteger)
    ended_at: int | None = Field(default=None, sa_type=BigInteger)
    problem: str = Field(default="", max_length=300)
    decision_id: str = Field(max_length=48)


class ResultRow(PortalRow, table=True):
    """What one test showed in a run; `document` is JSON, as a report states it."""

    __tablename__ = "audit_run_result"

    run: str = Field(foreign_key="audit_run.id", primary_key=True, max_length=32)
    test: str = Field(primary_key=True, max_length=128)
    engagement: str = Field(foreign_key=_ENGAGEMENT, max_length=32, index=True)
    control: str = Field(max_length=64)
    outcome: str = Field(max_length=16)
    deviations: int = Field(sa_type=BigInteger)
    population: int = Field(sa_type=BigInteger)
    document: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class AgainRow(PortalRow, table=True):
    """Decisions of the population of one test of a run, made again; `document` is JSON once they are, else empty.

    `owner` as for a run.
    """

    __tablename__ = "audit_again"

    id: str = Field(primary_key=True, max_length=32)
    engagement: str = Field(foreign_key=_ENGAGEMENT, max_length=32, index=True)
    run: str = Field(foreign_key="audit_run.id", max_length=32)
    control: str = Field(max_length=64)
    test: str = Field(max_length=128)
    auditor: str = Field(max_length=256)
    state: str = Field(max_length=16)
    owner: str = Field(max_length=32)
    asked_at: int = Field(sa_type=BigInteger)
    ended_at: int | None = Field(default=None, sa_type=BigInteger)
    problem: str = Field(default="", max_length=300)
    document: str = Field(default="", sa_type=Text)
    decision_id: str = Field(max_length=48)


class SampleRow(PortalRow, table=True):
    """Records that an auditor looks at: drawn from the population of a test, or picked.

    A drawn sample has the id that follows from engagement, test and population: drawn again, it is the same row.
    """

    __tablename__ = "audit_sample"

    id: str = Field(primary_key=True, max_length=32)
    engagement: str = Field(foreign_key=_ENGAGEMENT, max_length=32, index=True)
    control: str = Field(max_length=64)
    test: str = Field(max_length=128)
    kind: str = Field(max_length=16)
    run: str = Field(max_length=32)
    seed: str = Field(max_length=64)
    population_sha256: str = Field(max_length=64)
    population: int = Field(sa_type=BigInteger)
    query: str = Field(sa_type=Text)
    auditor: str = Field(max_length=256)
    made_at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class ItemRow(PortalRow, table=True):
    """One record of a sample, the `number`th of it; `reason` says why it was picked."""

    __tablename__ = "audit_item"

    sample: str = Field(foreign_key="audit_sample.id", primary_key=True, max_length=32)
    position: str = Field(primary_key=True, max_length=64)
    number: int
    reason: str = Field(sa_type=Text)


class NoteRow(PortalRow, table=True):
    """What an auditor noted, version by version: about a control, or about an item of a sample, with its `result`."""

    __tablename__ = "audit_note"

    about: str = Field(primary_key=True, max_length=160)
    version: int = Field(primary_key=True)
    engagement: str = Field(foreign_key=_ENGAGEMENT, max_length=32, index=True)
    control: str = Field(max_length=64)
    sample: str = Field(max_length=32)
    position: str = Field(max_length=64)
    result: str = Field(max_length=16)
    text: str = Field(sa_type=Text)
    auditor: str = Field(max_length=256)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class ConclusionRow(PortalRow, table=True):
    """What an auditor concluded on a control, version by version; `by_rule` is what the rule gave at that time."""

    __tablename__ = "audit_conclusion"

    engagement: str = Field(foreign_key=_ENGAGEMENT, primary_key=True, max_length=32)
    control: str = Field(primary_key=True, max_length=64)
    version: int = Field(primary_key=True)
    conclusion: str = Field(max_length=32)
    by_rule: str = Field(max_length=32)
    run: str = Field(max_length=32)
    reason: str = Field(sa_type=Text)
    auditor: str = Field(max_length=256)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class ExportRow(PortalRow, table=True):
    """A report that an auditor had made. Its file is deleted in time (`deleted_at`); what it was the hash of stays.

    `manifest` is the hash of a workpaper's manifest, which the decision `vouched_by` names.
    """

    __tablename__ = "audit_export"

    id: str = Field(primary_key=True, max_length=32)
    engagement: str = Field(foreign_key=_ENGAGEMENT, max_length=32, index=True)
    framework: str = Field(max_length=64)
    format: str = Field(max_length=16)
    period_start: str = Field(max_length=32)
    period_end: str = Field(max_length=32)
    auditor: str = Field(max_length=256)
    state: str = Field(max_length=16)
    owner: str = Field(max_length=32)
    asked_at: int = Field(sa_type=BigInteger)
    ended_at: int | None = Field(default=None, sa_type=BigInteger)
    deleted_at: int | None = Field(default=None, sa_type=BigInteger)
    problem: str = Field(default="", max_length=300)
    size: int = Field(default=0, sa_type=BigInteger)
    sha256: str = Field(default="", max_length=64)
    report: str = Field(default="", max_length=64)
    manifest: str = Field(default="", max_length=64)
    vouched_by: str = Field(default="", max_length=48)
    decision_id: str = Field(max_length=48)
