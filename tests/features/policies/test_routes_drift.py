"""The drift board: what the last scan of each node found, for programs, for people, and for everybody in Chromium."""

import json

import pytest
from sqlmodel import select

from app.db import UnpermittedError, reading, writing
from app.features.policies.drift.comparing import Finding, Kind
from app.features.policies.drift.routes_drift import WORDS
from app.features.policies.drift.rows_drift import DriftScanRow
from app.pdp.model import Entity, EvaluationRequest
from app.pep import CONTROL
from tests.browser import barriers, chromium, on_a_port, overflow, shoot
from tests.features.serving import NOW, served

PLACE = "rego/marketplace/publish.rego"
FOREIGN = Finding(kind=Kind.FOREIGN_MODULE, place=PLACE, declared="1f0c9a7be2d4", found="<b>77</b>", mended=True)
SETTING = Finding(
    kind=Kind.SETTING_DIFFERS, place="OMEGA_RETENTION", declared="default=365", found="default=1", blocking=False
)


def scanned(plane, node, *findings, healed=False):
    """Keep what a scan of a node found, as its job does."""
    asked = EvaluationRequest(
        subject=Entity(type="job", id="policies.scan_drift", properties={}),
        action="policies.scan_drift",
        resource=Entity(type="node", id=node, properties={}),
        context={"by": "schedule"},
    )
    permit = plane.around.pdp.enforce(asked, CONTROL)
    with writing(permit) as session:
        session.merge(
            DriftScanRow(
                node=node,
                scanned_at=int(NOW * 1_000),
                fingerprint="",
                findings=json.dumps([each.document() for each in findings]),
                healed=healed,
                decision_id=permit.decision_id,
            )
        )
    return permit.decision_id


@pytest.fixture
def plane(sqlite_url):
    with served(sqlite_url) as control:
        yield control


def test_an_empty_board_says_what_to_do(plane):
    officer = plane.officer()
    assert officer.json("/policies/drift").json == {"nodes": []}
    page = officer.get("/policies/drift").text
    assert "No node has looked yet" in page
    assert "omega jobs run policies.scan_drift" in page


def test_programs_read_what_each_node_found(plane):
    decision = scanned(plane, "n1")
    scanned(plane, "n2", FOREIGN, SETTING, healed=True)
    clean, differs = plane.officer().json("/policies/drift").json["nodes"]
    assert clean == {
        "node": "n1",
        "scanned_at": "2026-11-22T14:00:00Z",
        "findings": [],
        "clean": True,
        "healed": False,
        "decision_id": decision,
    }
    assert (differs["clean"], differs["healed"]) == (False, True)
    assert differs["findings"] == [FOREIGN.document(), SETTING.document()]


def test_people_read_whether_anything_differs_and_what_that_means(plane):
    officer = plane.officer()
    scanned(plane, "n1")
    assert "The last scan of the one node found nothing that differs." in officer.get("/policies/drift").text
    scanned(plane, "n2")
    assert "The last scan of each of the 2 nodes found nothing that differs." in officer.get("/policies/drift").text
    scanned(plane, "n2", FOREIGN)
    page = officer.get("/policies/drift").text
    assert "1 of 2 nodes differed from what is declared." in page
    assert WORDS[Kind.FOREIGN_MODULE] in page
    assert PLACE in page
    assert "&lt;b&gt;77&lt;/b&gt;" in page
    assert ("Not healed" in page, "put in force again at once" in page) == (True, False)
    scanned(plane, "n2", FOREIGN, healed=True)
    page = officer.get("/policies/drift").text
    assert ("Not healed" in page, "put in force again at once" in page) == (False, True)


def test_the_table_has_the_last_scan_of_each_node_and_no_other(plane):
    scanned(plane, "n1", FOREIGN)
    last = scanned(plane, "n1", SETTING, healed=True)
    other = scanned(plane, "n2")
    with reading() as session:
        rows = session.exec(select(DriftScanRow).order_by(DriftScanRow.node)).all()
        found = [(row.node, row.scanned_at, json.loads(row.findings), row.healed, row.decision_id) for row in rows]
    moment = int(NOW * 1_000)
    assert found == [("n1", moment, [SETTING.document()], True, last), ("n2", moment, [], False, other)]


def test_the_table_is_written_with_a_permit_alone(plane):
    scanned(plane, "n1")
    row = DriftScanRow(node="n9", scanned_at=0, fingerprint="", findings="[]", healed=False, decision_id="c-1")
    with reading() as session:
        session.add(row)
        with pytest.raises(UnpermittedError):
            session.flush()
        session.rollback()


def test_every_kind_is_told_in_words():
    assert set(WORDS) == set(Kind)


def test_looking_is_for_those_who_have_to_do_with_policies(plane):
    assert plane.visitor().json("/policies/drift").status_code == 403
    assert plane.visitor().get("/policies/drift").headers["location"].endswith("/session/?next=/policies/drift")
    plane.officer().get("/policies/drift")
    kind, body = plane.around.records[-1]
    assert (kind, body["action"], body["resource"]["id"]) == ("decision", "policies.view", "drift")


@pytest.mark.slow
def test_the_board_can_be_read_by_everybody(plane):
    cookie = plane.officer().client.get_cookie("omega").value
    with on_a_port(plane.app) as url, chromium() as page:
        page.context.add_cookies([{"name": "omega", "value": cookie, "url": url}])
        barred = []

        def look(name):
            page.goto(f"{url}/policies/drift")
            barred.extend(barriers(page))
            shoot(page, name)

        look("drift-empty")
        scanned(plane, "n1.example.org:/srv/omega")
        scanned(plane, "n2.example.org:/srv/omega", FOREIGN, healed=True)
        scanned(plane, "n3.example.org:/srv/omega", SETTING)
        look("drift")
        page.set_viewport_size({"width": 360, "height": 800})
        look("drift-narrow")
        assert not overflow(page)
        page.goto(f"{url}/policies/changes")
        barred.extend(barriers(page))
        shoot(page, "changes-without-a-repository")
        assert barred == []
