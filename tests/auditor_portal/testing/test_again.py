"""Decisions of a tested population made again: which, what is kept, and what is said where it cannot be done."""

import json
import pickle
import time
from functools import partial

import pytest

from app.errors import problem
from app.pep import RefusedError
from app.settings import Settings
from auditor_portal import replaying
from auditor_portal.exporting.work_files import work_files
from auditor_portal.replaying import RemoteReplayer, Replayed, Verdict
from auditor_portal.testing import deciding_again, keeping, routes_again
from auditor_portal.token_source import FromFile, token_source
from frameworks import sampling
from tests.auditor_portal.audited import HOME, others, positions, posted
from tests.auditor_portal.portal import ENGAGEMENT, put
from tests.auditor_portal.testing.test_controls import CONTROL, ran
from tests.reporting.test_auditors_copy import MARK

TEST = "access-review/reviewed"
SAME = Replayed(verdict=Verdict.SAME, differences=())
DIFFERS = Replayed(verdict=Verdict.DIFFERS, differences=("allow", "failed"))


class Answering:
    """A decision plane that says what it is told to: of each decision in turn, then that it is the same."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def replay(self, decision_id):
        self.asked.append(decision_id)
        answer = self.answers.pop(0) if self.answers else SAME
        if isinstance(answer, str):
            raise RefusedError(problem(answer))
        return answer


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(deciding_again, "_PAUSE", 0)


def made(desk, plane, *, run=None, test=TEST):
    """Have the decisions of a run's population made again; return what is kept of it, and its page."""
    replaying.install(desk.app, plane)
    browser = desk.auditor()
    run = run or ran(desk, browser)
    answer = posted(browser, f"{CONTROL}/again", {"run": run, "test": test})
    assert answer.status_code == 303, answer.text
    assert desk.shop.beside.join(30)
    return keeping.again(ENGAGEMENT, answer.location.rpartition("/")[2]), browser.get(answer.location).text


def test_every_decision_of_a_population_is_made_again(desk, audited_log):
    plane = Answering(SAME, DIFFERS, Replayed(verdict=Verdict.NOT_REPRODUCIBLE, differences=()))
    row, page = made(desk, plane)
    found = json.loads(row.document)
    assert sorted(plane.asked) == sorted(positions(audited_log))
    assert [each["position"] for each in found["records"]] == plane.asked
    assert "Each of the 54 records of the population was made again." in page
    assert [(each[0], dict(each[2])) for each in deciding_again.by_revision(found)] == [
        ("git:1", {"same": 52, "differs": 1, "not_reproducible": 1})
    ]
    assert f'href="{HOME}/policies/{"b" * 64}"' in page
    assert f"{plane.asked[1]}</code></a> differs: allow, failed" in page
    assert ("auditor_portal.test_control", True) in desk.decided
    assert "Made again" in desk.auditor().get(f"{HOME}/runs/{row.run}").text


def test_of_a_large_population_some_are_and_anybody_can_tell_which(desk, audited_log, monkeypatch):
    monkeypatch.setattr(routes_again, "AgainJob", partial(deciding_again.AgainJob, most=5))
    plane = Answering()
    row, page = made(desk, plane)
    [result] = [each for each in keeping.results(row.run) if each["test"] == TEST]
    population = result["population"]
    own = sorted(
        (each.time, each.position.chain, each.position.seq, each.position.decision_id)
        for each in audited_log.records()
        if each.position.decision_id in positions(audited_log)
    )
    ranks = sampling.ranks(
        54, size=5, engagement=ENGAGEMENT, control="access-review", population_sha256=population["sha256"]
    )
    assert plane.asked == [own[rank][-1] for rank in ranks]
    assert "5 of the 54 records of the population were made again" in page
    assert json.loads(row.document)["population"] == {name: population[name] for name in ("count", "sha256", "query")}


def test_a_plane_without_room_is_asked_again(desk):
    row, _ = made(desk, Answering("overloaded", "overloaded"))
    assert (row.state, json.loads(row.document)["tried"]) == ("done", 54)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (["forbidden"], "may not have decisions of this tenant made again"),
        (["not_found"], "does not know a decision"),
        (["data_unavailable"], "does not answer"),
        (["overloaded"] * 10, "has no room"),
    ],
    ids=["may not", "unknown", "silent", "no room"],
)
def test_what_cannot_be_made_again_is_said_and_nothing_of_it_kept(desk, answers, said):
    row, page = made(desk, Answering(*answers))
    assert (row.state, row.document) == ("failed", "")
    assert said in page
    assert "Start it again" in page


def test_a_population_that_is_another_by_now_is_not_taken_for_it(desk, monkeypatch):
    browser = desk.auditor()
    run = ran(desk, browser)
    told = keeping.result
    monkeypatch.setattr(
        keeping, "result", lambda *asked: told(*asked) | {"population": {"count": 54, "sha256": "0" * 64}}
    )
    plane = Answering()
    row, _ = made(desk, plane, run=run)
    assert (row.state, plane.asked) == ("failed", [])
    assert "not the one that was tested" in row.problem


def test_what_is_no_population_of_the_control_is_refused(desk):
    replaying.install(desk.app, Answering())
    browser = desk.auditor()
    run = ran(desk, browser, f"{HOME}/runs")
    asked = {
        "an empty one": (f"{HOME}/controls/glass/again", {"run": run, "test": "glass/broken"}, 409),
        "another control's": (f"{CONTROL}/again", {"run": run, "test": "reviews/allowed"}, 400),
        "of no run": (f"{CONTROL}/again", {"run": "0" * 32, "test": TEST}, 404),
        "of no test": (f"{CONTROL}/again", {"run": run, "test": "access-review/none"}, 404),
    }
    got = {name: posted(browser, path, data).status_code for name, (path, data, _) in asked.items()}
    assert got == {name: code for name, (*_, code) in asked.items()}


def test_what_was_made_again_is_nobody_elses(desk):
    put(*others())
    row, _ = made(desk, Answering())
    other = desk.auditor("b", "other")
    assert other.get(f"/e/other-2026/again/{row.id}").status_code == 404
    assert other.get(f"{HOME}/again/{row.id}").status_code == 404
    assert desk.auditor().json(f"{HOME}/again/{row.id}").json == {"state": "done", "over": True, "done": 0, "of": 0}


def test_it_is_part_of_the_auditors_work(desk):
    row, _ = made(desk, Answering(DIFFERS))
    work = keeping.work(ENGAGEMENT)
    files = work_files(work, {}, MARK).files
    [told] = json.loads(files["again.json"])["again"]
    assert (told["id"], told["tried"], told["same"], told["differs"]) == (row.id, 54, 53, 1)
    assert told["found"]["records"][0]["verdict"] == "differs"
    assert row.id in files["again.csv"].decode()


def test_whom_it_asks_goes_along_to_another_process(tmp_path):
    token = tmp_path / "token"
    token.write_text("a-token")
    settings = Settings.from_environment({"OMEGA_DATA": str(tmp_path)})
    for source in (FromFile(token), token_source(settings, time.time)):
        sent = pickle.loads(pickle.dumps(RemoteReplayer("http://node.example", source)))  # noqa: S301 - our own
        assert isinstance(sent, RemoteReplayer)
        sent.close()
    assert pickle.loads(pickle.dumps(FromFile(token)))() == "a-token"  # noqa: S301 - our own
