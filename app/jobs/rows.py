"""The table of the runs of jobs."""

from sqlalchemy import BigInteger
from sqlmodel import Field

from app.db import ProductRow


class JobRunRow(ProductRow, table=True):
    """One run of a job, there before it begins. The primary key is what keeps a run from being made twice.

    `job` is the job's name; of a job that each node runs for itself, `<name>@<node>`. `scheduled_for` is in Unix
    seconds, `started_at` and `ended_at` in Unix milliseconds. `runner` is the process that made it, or makes it.
    """

    __tablename__ = "job_run"

    job: str = Field(primary_key=True, max_length=192)
    scheduled_for: int = Field(primary_key=True, sa_type=BigInteger)
    state: str = Field(max_length=16, index=True)
    attempt: int
    missed: int
    runner: str = Field(max_length=128)
    decision_id: str = Field(max_length=64)
    started_at: int = Field(sa_type=BigInteger)
    ended_at: int | None = Field(default=None, sa_type=BigInteger)
    code: str | None = Field(default=None, max_length=64)
    detail: str = Field(default="{}", max_length=4096)
