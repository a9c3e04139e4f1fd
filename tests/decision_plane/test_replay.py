"""`POST /v1/decisions/{id}/replay`: who may ask, what is told and what is not, and how many at once."""

import asyncio
import json
from dataclasses import replace

import pytest

from app.pdp.enforce import Policies
from evidence.errors import JournalError
from tests.decision_plane.asking import BEARER, Plane
from tests.pdp.shop import CALLERS, stocked

ID = f"{'0' * 20}-7"
PATH = f"/v1/decisions/{ID}/replay"


def plane_of(directory, *tenants):
    more = {"replay": list(tenants)} if tenants else {}
    return Plane(stocked(directory, {"data/callers.json": json.dumps({"marketplace": CALLERS["marketplace"] | more})}))


@pytest.fixture
def plane(tmp_path):
    return plane_of(tmp_path, "default")


def replayed(plane, *chunks, path=PATH, headers=(BEARER,), **options):
    return plane.ask(*chunks, path=path, headers=headers, **options)


def test_a_verdict_and_the_names_of_members_are_told_and_that_somebody_asked_is_on_record(plane):
    answer = replayed(plane)
    assert answer.status == 200
    assert answer.document == {
        "decision_id": ID,
        "verdict": "differs",
        "bundle": "b",
        "revision": "r",
        "differences": ["allow"],
    }
    (record,) = [found for found in plane.log.records if found.type == "decision.replayed"]
    assert record.body == {"caller": "marketplace", "decision": ID, "verdict": "differs"}


REFUSED = {
    "nobody": ({"headers": ()}, 401, "unauthenticated"),
    "a caller that policies do not know": ({"headers": ((b"authorization", b"Bearer stranger"),)}, 403, "forbidden"),
    "the caller of another tenant": ({"headers": ((b"authorization", b"Bearer another"),)}, 403, "forbidden"),
    "a path that goes on": ({"path": f"{PATH}/more"}, 405, "method_not_allowed"),
    "another method": ({"method": "PUT"}, 405, "method_not_allowed"),
}


@pytest.mark.parametrize(("options", "status", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_who_may_not_ask_learns_nothing(plane, options, status, code):
    answer = replayed(plane, **options)
    assert (answer.status, answer.code) == (status, code)
    assert plane.log.records == []


def test_without_the_right_nothing_is_replayed(tmp_path):
    answer = replayed(plane_of(tmp_path))
    assert (answer.status, answer.code) == (403, "forbidden")


@pytest.mark.parametrize(
    ("tenants", "status"), [(["*"], 200), (["default", "acme"], 200), (["acme"], 404)], ids=["every", "two", "another"]
)
def test_decisions_of_the_named_tenants_alone_are_replayed(tmp_path, tenants, status):
    assert replayed(plane_of(tmp_path, *tenants)).status == status


@pytest.mark.parametrize(
    ("tenants", "status"), [(["*"], 404), (["default"], 403), (["other"], 404)], ids=["every", "another", "its own"]
)
def test_policies_of_a_tenants_own_let_nobody_into_another_tenant(tmp_path, tenants, status):
    """The fake has decisions of `default` alone, so the caller of `other` finds none, whatever its policies say."""
    plane = plane_of(tmp_path)
    callers = {"marketplace": CALLERS["marketplace"] | {"tenant": "other", "replay": tenants}}
    own = stocked(tmp_path / "own", {"data/callers.json": json.dumps(callers)})
    plane.fakes.pdp.own["other"] = replace(plane.fakes.pdp.policies, bundle=own)
    assert isinstance(plane.fakes.pdp.own["other"], Policies)
    assert replayed(plane, headers=((b"authorization", b"Bearer another"),)).status == status


def test_a_tenant_without_policies_in_force_may_nothing(plane):
    plane.fakes.pdp.own["other"] = None
    assert replayed(plane, headers=((b"authorization", b"Bearer another"),)).code == "forbidden"


def test_a_body_says_nothing_and_a_large_one_is_refused(plane):
    assert replayed(plane, b"{}").status == 200
    assert replayed(plane, b" " * 2_000).code == "request_too_large"


def test_few_are_made_again_at_once_and_the_next_is_asked_to_come_again(plane):
    async def main():
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def wait():
            begun.set()
            await go_on.wait()

        plane.shelf.replaying = wait
        first = asyncio.create_task(plane.asking(path=PATH, headers=(BEARER,)))
        await begun.wait()
        second = asyncio.create_task(plane.asking(path=PATH, headers=(BEARER,)))
        await asyncio.sleep(0)
        third = await plane.asking(path=PATH, headers=(BEARER,))
        go_on.set()
        return [(await first).status, (await second).status, third.code]

    assert asyncio.run(main()) == [200, 200, "overloaded"]


def test_a_replay_that_cannot_be_recorded_is_not_told(plane):
    plane.log.failing = JournalError("the disk is full")
    assert replayed(plane).code == "evidence_unavailable"
