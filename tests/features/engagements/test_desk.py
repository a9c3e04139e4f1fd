"""Where a node has its evidence and its index, and what pages say where it has none."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from app.audits import threads
from app.audits.errors import AuditsError
from app.audits.request import Asked, Evidence, Side, State
from app.db import DatabaseUrlError
from app.features.engagements.desk import Nowhere, OfNode
from app.objects import ObjectsError
from tests.auditor_portal.engagement.speaking import PROVENANCE, entity
from tests.auditor_portal.portal import ENGAGEMENT, engagement, firm, put
from tests.features.engagements.auditing import ASKED


def test_a_node_has_both_where_its_settings_say(tmp_path):
    given = SimpleNamespace(
        objects=str(tmp_path / "objects"),
        database=None,
        index_file=tmp_path / "index.db",
        index=f"sqlite:///{tmp_path / 'index.db'}",
    )
    node = OfNode(given)
    node.objects().put("a/b", b"x")
    assert (tmp_path / "objects" / "a" / "b").read_bytes() == b"x"
    with pytest.raises(DatabaseUrlError, match="no index yet"):
        node.index()
    given.index_file.touch()
    engine = node.index()
    assert node.index() is engine
    engine.dispose()


def test_an_application_without_a_node_has_neither():
    with pytest.raises(ObjectsError):
        Nowhere().objects()
    with pytest.raises(DatabaseUrlError):
        Nowhere().index()


def test_pages_say_so(plane, officer, monkeypatch):
    monkeypatch.setattr(plane.places, "index", Nowhere().index)
    put(*_rows())
    assert officer.json(f"/engagements/e/{ENGAGEMENT}/activity").status_code == 503
    plane.index.engine.dispose()
    monkeypatch.undo()
    (plane.places.folder / "index.db").write_bytes(b"no database" * 100)
    assert officer.json(f"/engagements/e/{ENGAGEMENT}/activity").status_code == 503
    assert officer.get(f"/engagements/e/{ENGAGEMENT}/requests/template.csv").status_code == 200


def _rows():
    return firm(), engagement()


@pytest.mark.usefixtures("plane")
def test_threads_refuse_what_is_too_much_or_settled(monkeypatch):
    put(*_rows())
    asked = Asked(**ASKED)
    monkeypatch.setattr(threads, "MOST_REQUESTS", 1)
    threads.add(entity(1), ENGAGEMENT, (asked,))
    with pytest.raises(AuditsError, match="at most 1 requests"):
        threads.add(entity(2), ENGAGEMENT, (Asked(**ASKED | {"reference": "B"}),))
    with pytest.raises(AuditsError, match="nothing to say"):
        threads.say(entity(3), ENGAGEMENT, 1, "")
    threads.say(entity(4), ENGAGEMENT, 1, "here", State.PROVIDED)
    with pytest.raises(AuditsError, match="has changed"):
        threads.say(entity(4), ENGAGEMENT, 1, "the same decision twice")
    threads.say(replace(entity(5), side=Side.AUDITOR), ENGAGEMENT, 1, "", State.ACCEPTED)
    given = Evidence(number=0, name="a", size=1, sha256="", key="", provenance=PROVENANCE, by="", at=0, decision_id="")
    with pytest.raises(AuditsError, match="takes no evidence"):
        threads.attach(entity(6), ENGAGEMENT, 1, given)
