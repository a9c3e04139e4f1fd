"""A run on a node, out of its settings: over its own stores, its log and its keys."""

import io
import json
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import pytest

from app import keys
from app.audits.database import open_portal, portal_data
from app.db import writing
from app.features.dsr.carrying_out import means_of
from app.features.dsr.running import opening, run
from app.features.dsr.running.errors import RunError
from app.features.dsr.running.fulfilling import Fulfiller
from app.features.dsr.running.third_parties import NoDetector
from app.indexing import indexing
from app.privacy.lookup import lookup_of
from app.privacy.stores.store import Person
from app.scheduling import opened_product
from app.settings import Settings
from app.supervisor import prepare
from tests.decision_plane.asking import body
from tests.features.dsr.running.carrying import PERMIT, MemoryRequests
from tests.node import decided, node_environment, sealed
from tests.privacy.stores.people import person


@pytest.fixture
def settings(tmp_path):
    environment = node_environment(tmp_path)
    (tmp_path / "policies" / "data" / "access_report.json").write_text(
        '{"subjects": {}, "by_pseudonym": [], "actions": {"shop.sell": "sold"}, "stated": [], "records": {}}'
    )
    made = Settings.from_environment(environment)
    prepare(made)
    with opened_product(made), portal_data.opened(open_portal(made.audits)):
        yield made


def test_somebody_whom_the_log_knows_gets_their_data_and_is_erased(settings, monkeypatch):
    monkeypatch.setattr(opening, "time", SimpleNamespace(sleep=lambda _: None, time=lambda: 1_000.0))
    decided(settings, body())
    sealed(settings)
    with indexing(settings) as index:
        index.catch_up()
    node = opening.Node(settings)
    lookup = lookup_of(node.lookup, "default", "grocer", "g-1")
    subject = node.table.load([lookup])[1][lookup].subject
    who = Person(tenant="default", kind="grocer", id="g-1", subject=subject, identifiers={})
    requests = MemoryRequests(node.table, who)
    fulfiller = Fulfiller(opening.means(node, requests, NoDetector()))
    for request, kind in (("dsr-1", "access"), ("dsr-2", "erase")):
        requests.ask(request, kind)
        with writing(PERMIT) as session:
            run.begin(session, request, PERMIT, now=0)
    assert fulfiller.run(requests.asked("dsr-1"), PERMIT) == ""
    exports = node.exports(NoDetector())
    with zipfile.ZipFile(io.BytesIO(opening.archive_of("dsr-1", exports, lambda: 1_000.0))) as found:
        assert b"shop.sell" in found.read("data/evidence.jsonl")
        assert json.loads(found.read("accesses.json")) == {"subject": subject, "accesses": [], "whole": True}
        assert found.read("log.vkey").decode().strip() == str(keys.load_verifier(settings.keys))
    with pytest.raises(RunError, match="seven days") as caught:
        opening.archive_of("dsr-1", exports, lambda: 1_000.0 + 7 * 86_400)
    assert caught.value.code == "gone"
    with pytest.raises(RunError) as caught:
        opening.archive_of("dsr-2", exports)
    assert caught.value.code == "unknown"
    assert fulfiller.run(requests.asked("dsr-2"), PERMIT) == ""
    assert requests.states == {"dsr-1": "complete", "dsr-2": "complete"}
    assert node.table.subject_of(lookup) is None
    noted = {(found.body["store"], found.position.decision_id) for found, _ in node.recorded("dsr-1")}
    assert noted == {(each.store, each.receipt) for each in run.progress("dsr-1")}
    assert {len(leaf) for _, leaf in node.recorded("dsr-1")} == {64}
    node.close()


def test_who_saw_what_is_said_of_whom_the_log_knows_once_there_is_an_index(settings):
    node = opening.Node(settings)
    assert node.accesses(person(subject=None)) == {"subject": "", "accesses": [], "whole": True}
    with pytest.raises(RunError, match="cannot be found out now") as caught:
        node.accesses(person(subject=f"psn_{'0' * 32}"))
    assert caught.value.code == "failed"
    node.close()


def test_the_means_of_a_node_are_those_of_its_feature(settings):
    made = means_of(settings)
    assert [each.described.name for each in made.registry(PERMIT, None).all()][-1] == "evidence"
    assert made.key().verifier == keys.load_verifier(settings.keys)
    assert made.held("psn_" + "0" * 32) == frozenset()


def test_who_finds_others_does_as_the_installation_says(settings, tmp_path):
    file = tmp_path / "detection.yaml"
    file.write_text("recognisers: [{name: badge, kind: BADGE, expression: 'B-[0-9]{6}', score: 0.9}]\n")
    patterns = opening.detector_of(replace(settings, detection=file))
    assert [each.kind for each in patterns.find("wears B-123456")] == ["BADGE"]
    names = opening.detector_of(replace(settings, names=True))
    assert (patterns.names, names.names) == (False, True)
    names.rest()
