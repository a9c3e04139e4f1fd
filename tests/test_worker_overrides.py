"""A worker learns of overrides from the product database, and shows them to its decision point."""

import asyncio
import time

import pytest
from sqlmodel import Session

from app import schema
from app.db import open_engine
from app.features.policies.overrides.rows_overrides import OverrideApprovalRow, OverrideRow
from app.pdp.model import Entity, EvaluationRequest
from tests.node import prepared
from tests.working import started, work

ASKED = EvaluationRequest(
    subject=Entity(type="grocer", id="g-1", properties={}),
    action="shop.sell",
    resource=Entity(type="fruit", id="apple-1", properties={}),
    context={},
)


def granted(settings):
    """Keep an override as the control plane would have, granted a minute ago."""
    at = int(time.time()) - 60
    row = OverrideRow(
        id="ovr-1",
        tenant="default",
        kind="request",
        action="shop.sell",
        gate="ripe",
        subject_type="grocer",
        subject_id="g-1",
        resource_type="fruit",
        resource_id="apple-1",
        by="per-8",
        role="requester",
        reason="the harvest would rot",
        ticket="T-1",
        at=at,
        hours=8,
        minutes=15,
        uses=1,
        ends=at + 8 * 3_600,
        decision_id="c-1",
        changed_by_decision="c-3",
    )
    both = [
        OverrideApprovalRow(override_id="ovr-1", folded=name, person=name, role=role, at=at, decision_id=f"c-{name}")
        for name, role in (("per-1", "ciso"), ("per-2", "trader"))
    ]
    engine = open_engine(settings.product)
    schema.upgrade(engine, schema.PRODUCT_MIGRATIONS)
    with Session(engine) as session:
        session.add(row)
        session.flush()
        session.add_all(both)
        session.commit()
    engine.dispose()


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr("app.worker.start_policies", started)
    return prepared(tmp_path)


def test_what_is_granted_reaches_the_decision_point_and_is_counted_once(settings):
    granted(settings)

    async def look(worker, _plane):
        grants = worker._pdp._grants
        async with asyncio.timeout(10):
            while not grants.of("default", ASKED):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
        [grant] = grants.of("default", ASKED)
        return grant.id, await grants.use(grant), await grants.use(grant)

    assert work(settings, look) == ("ovr-1", True, False)


def test_where_nothing_is_granted_nothing_is_shown(settings):
    async def look(worker, _plane):
        await asyncio.to_thread(worker._grants.look)
        return worker._pdp._grants.of("default", ASKED)

    assert work(settings, look) == ()
