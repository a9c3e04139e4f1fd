"""The evidence browser: what an auditor finds, opens, downloads and has made again, and what they do not see."""

import csv
import io
import re
from html import unescape

import pytest

from app.features.policies.library import NoRevisionError
from app.index import search as index_search
from auditor_portal.policies.shelf import Shelf
from auditor_portal.records.policy_text import policy_text
from auditor_portal.replaying import Replayed, Verdict
from evidence.proof import Proof
from tests.auditor_portal.portal import ENGAGEMENT, auditor, engagement, firm, takes_part
from tests.auditor_portal.records.browsing import ACTION, HIDDEN, KEY, PERIOD, RECORDED, RECORDS, SEEN, browsing
from tests.evidence.logs import START
from tests.features.gating import shipped
from tests.index.logged import BOB

DECISIONS = [name for name in SEEN if RECORDED[name][1] == "decision"]


def found(answer):
    """Return the ids of the records on a page, in their order."""
    assert answer.status_code == 200
    return re.findall(rf'href="{RECORDS}/([0-9a-f]{{20}}-[0-9]+)"', answer.text)


def ids(log, *names):
    return sorted(map(log.id_of, names), key=lambda each: -int(each.partition("-")[2]))


def test_every_decision_that_the_engagement_may_see_is_found_newest_first(browser, log):
    answer = browser.get(RECORDS)
    assert found(answer) == ids(log, *DECISIONS)
    assert f"{len(DECISIONS)} records" in answer.text


SEARCHES = {
    "denials": ("decision=deny", ["a denial", "another denial"]),
    "an action": ("action=agent.publish", ["another denial"]),
    "a subject": (f"subject={BOB}", ["a denial", "another denial"]),
    "a resource": (f"resource={ENGAGEMENT}", ["what was done for this engagement"]),
    "a rule that failed": (f"rule={ACTION}/authorised", ["a denial"]),
    "a control": ("control=role-based-access", ["a decision", "a denial", "what was done for this engagement"]),
    "a control of which a rule failed": ("control=role-based-access&failing=yes", ["a denial"]),
    "a bundle": (f"policy={shipped().digest}", ["a decision", "a denial", "what was done for this engagement"]),
    "records of any type": ("type=any&until=2026-12-01", [*SEEN, "the beginning of the chain"]),
    "another type": ("type=policy.activated", ["policies put in force"]),
    "a time before anything": ("until=2026-11-02", []),
}


@pytest.mark.parametrize(("query", "names"), SEARCHES.values(), ids=SEARCHES.keys())
def test_each_search_finds_what_it_says(browser, log, query, names):
    assert found(browser.get(f"{RECORDS}?{query}")) == ids(log, *names)


def test_an_error_stands_beside_its_field_and_nothing_is_searched(browser):
    answer = browser.get(f"{RECORDS}?from=yesterday&action=x")
    assert answer.status_code == 400
    assert re.search(r'name="from" value="yesterday"[^>]*aria-invalid="true" aria-describedby="d-from"', answer.text)
    assert 'id="d-from">a day such as' in answer.text
    assert "Nothing was searched" in answer.text
    assert browser.get(f"{RECORDS}.csv?from=yesterday").status_code == 400


def test_what_is_written_into_a_search_runs_nowhere(browser):
    answer = browser.get(f"{RECORDS}?action=%3Cscript%3Ealert(1)%3C/script%3E&type=%22%3E%3Cb%3E")
    assert "<script" not in answer.text
    assert "<b>" not in answer.text


def test_pages_lead_to_each_other_and_each_is_one_as_csv(browser, log, monkeypatch):
    monkeypatch.setattr("auditor_portal.records.asking.ROWS", 2)
    first = browser.get(f"{RECORDS}?type=any")
    older = unescape(re.search(r'rel="next" href="([^"]+)"', first.text)[1])
    second = browser.get(older)
    assert found(first) + found(second) == ids(log, *SEEN)[:4]
    newer = unescape(re.search(r'rel="prev" href="([^"]+)"', second.text)[1])
    assert found(browser.get(newer)) == found(first)
    table = unescape(re.search(r'href="([^"]+records\.csv[^"]*)"', second.text)[1])
    answer = browser.get(table)
    assert answer.headers["content-type"].startswith("text/csv")
    assert [row["id"] for row in csv.DictReader(io.StringIO(answer.text))] == found(second)


def test_a_search_that_takes_too_long_says_what_to_do(browser, monkeypatch):
    monkeypatch.setattr(index_search, "SECONDS", -1.0)
    monkeypatch.setattr(index_search, "_STEPS", 1)
    answer = browser.get(RECORDS)
    assert answer.status_code == 503
    assert "takes too long" in answer.text
    assert browser.get(f"{RECORDS}.csv").status_code == 503


@pytest.mark.parametrize("name", SEEN)
def test_a_record_is_shown_with_its_place_and_its_proof(browser, log, name):
    answer = browser.get(f"{RECORDS}/{log.id_of(name)}")
    assert answer.status_code == 200
    for words in ("Leaf hash", "this record has the hash of that one", "checked for this page", "under checkpoint 0"):
        assert words in answer.text
    assert "not linked" not in answer.text
    assert "nobody else vouches" in answer.text


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("below", ["", "/record.json", "/proof"])
def test_a_record_that_is_none_of_the_engagements_is_as_one_that_is_not_there(browser, log, name, below):
    hidden = browser.get(f"{RECORDS}/{log.id_of(name)}{below}")
    missing = browser.get(f"{RECORDS}/{'0' * 20}-7{below}")
    nonsense = browser.get(f"{RECORDS}/nonsense{below}")
    assert {hidden.status_code, missing.status_code, nonsense.status_code} == {403}
    texts = [re.sub(r"d-[0-9]+|[0-9a-f]{20}-[0-9]+", "", each.text) for each in (hidden, missing, nonsense)]
    assert texts[0] == texts[1] == texts[2]


def test_an_auditor_of_another_firm_learns_nothing(portal, log):
    stranger = portal.auditor("b@other.example", "other")
    for path in ("", ".csv", f"/{log.id_of('a decision')}", f"/{log.id_of('a decision')}/record.json"):
        assert stranger.get(f"{RECORDS}{path}").status_code == 404
        assert stranger.get(f"/e/unheard-of/records{path}").status_code == 404


def test_the_files_are_the_bytes_of_the_log(browser, log):
    name = log.id_of("a denial")
    record = browser.get(f"{RECORDS}/{name}/record.json")
    assert record.data == log.log.chains[0].lines[2]
    proof = Proof.parse(browser.get(f"{RECORDS}/{name}/proof").data)
    assert proof.verify(KEY)[0].position.decision_id == name
    assert proof.record == record.data
    assert record.headers["content-disposition"] == f'attachment; filename="{name}.json"'


def test_a_record_under_no_checkpoint_yet_is_shown_and_has_no_proof(browser, log):
    chain = log.log.chains[0]
    log.log.time = START
    chain.append("policy.activated", tenant="system", body={"bundle": "ab" * 32, "revision": "r", "engine": "e"})
    chain.seal()
    log.store_all()
    path = f"{RECORDS}/{chain.id}-{chain.seq - 1}"
    assert "can be proved once a checkpoint is published" in browser.get(path).text
    assert browser.get(f"{path}/proof").status_code == 404


def test_who_vouches_for_the_checkpoint_is_named(browser, log):
    log.anchor()
    answer = browser.get(f"{RECORDS}/{log.id_of('a decision')}")
    assert "time-stamp authority vouches for checkpoint 0" in answer.text
    assert "witness witness.example/w1 cosigned checkpoint 0" in answer.text


def test_the_policy_stands_beside_the_decision_with_the_lines_that_fired(browser, log):
    denied = browser.get(f"{RECORDS}/{log.id_of('a denial')}").text
    assert '<tr id="L' in denied
    assert re.search(r'class="removed"><td class="number">\d+</td><td class="sign"><span class="unseen">failed', denied)
    assert "control=role-based-access" in denied
    passed = browser.get(f"{RECORDS}/{log.id_of('a decision')}").text
    assert re.search(r'class="added">.*<code>passed contains', passed)
    assert "not kept here any more" in browser.get(f"{RECORDS}/{log.id_of('another denial')}").text


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"policy": {"bundle": "../../etc"}, "action": "a"}, id="a digest that is none"),
        pytest.param({"policy": {"bundle": "ab" * 32}, "action": None}, id="no action"),
        pytest.param({"policy": {"bundle": shipped().digest}, "action": "unheard.of"}, id="an action of another"),
        pytest.param({"policy": {"bundle": "ab" * 32}, "action": "a"}, id="a bundle that is not kept"),
    ],
)
def test_where_there_is_no_text_none_is_shown(tmp_path, body):
    (tmp_path / f"{shipped().digest}.json").write_bytes(shipped().snapshot())
    assert policy_text(Shelf(tmp_path, None), body, {}) is None


class InGit:
    """A shelf that has no snapshot, but commits: each bundle by its own."""

    def bundle(self, revision):
        if revision != "ab" * 20:
            raise NoRevisionError
        return shipped()


@pytest.mark.parametrize(
    ("digest", "found"), [(shipped().digest, True), ("cd" * 32, False)], ids=["the same digest", "another digest"]
)
def test_a_snapshot_that_is_gone_is_read_from_git_if_the_digest_is_the_same(digest, found):
    policy = {"bundle": digest, "revision": "git:" + "ab" * 20}
    body = {"policy": policy, "action": ACTION, "result": {"passed": [], "failed": []}}
    text = policy_text(InGit(), body, {})
    assert (text is not None) is found
    if text is not None:
        assert (text.revision, {gate.fired.value for gate in text.gates}) == ("ab" * 20, {"not asked"})


VERDICTS = {
    "the same": (Replayed(verdict=Verdict.SAME, differences=()), "The same: under the policies"),
    "another result": (Replayed(verdict=Verdict.DIFFERS, differences=("allow",)), "What differs: allow"),
    "an erased person": (Replayed(verdict=Verdict.KEY_DESTROYED, differences=()), "key was destroyed"),
    "not to be made again": (Replayed(verdict=Verdict.NOT_REPRODUCIBLE, differences=()), "nothing against the record"),
}


@pytest.mark.parametrize(("told", "words"), VERDICTS.values(), ids=VERDICTS.keys())
def test_a_decision_is_made_again_and_told_in_words(portal, browser, log, told, words):
    portal.again.told = told
    name = log.id_of("a decision")
    answer = browser.post(f"{RECORDS}/{name}/replay", csrf_from=RECORDS)
    assert answer.status_code == 200
    assert words in answer.text
    assert portal.again.asked == [name]
    assert portal.decided[-1] == ("auditor_portal.replay", True)


def test_a_record_that_may_not_be_seen_is_not_made_again(portal, browser, log):
    answer = browser.post(f"{RECORDS}/{log.id_of(HIDDEN[0])}/replay", csrf_from=RECORDS)
    assert (answer.status_code, portal.again.asked) == (403, [])
    assert portal.decided[-1] == ("auditor_portal.replay", False)


def test_a_record_that_is_no_decision_is_not_made_again(portal, browser, log):
    answer = browser.post(f"{RECORDS}/{log.id_of('policies put in force')}/replay", csrf_from=RECORDS)
    assert (answer.status_code, portal.again.asked) == (404, [])


def test_a_form_of_another_site_makes_nothing_again(portal, browser, log):
    path = f"{RECORDS}/{log.id_of('a decision')}/replay"
    assert browser.post(path, {"csrf": "x"}, csrf_from=RECORDS).status_code == 403
    assert browser.post(path, csrf_from=RECORDS, site="cross-site").status_code == 403
    assert portal.again.asked == []


@pytest.mark.parametrize(("code", "status"), [("overloaded", 503), ("data_unavailable", 503), ("forbidden", 403)])
def test_a_decision_plane_that_does_not_do_it_is_told(portal, browser, log, code, status):
    portal.again.told = code
    answer = browser.post(f"{RECORDS}/{log.id_of('a decision')}/replay", csrf_from=RECORDS)
    assert answer.status_code == status


def test_a_search_is_kept_found_by_all_and_removed_by_who_kept_it(log, tmp_path, portal_url):
    people = firm(), auditor(), auditor("b"), engagement(**PERIOD), takes_part(), takes_part("b")
    with browsing(log, tmp_path, portal_url, *people) as portal:
        browser = portal.auditor()
        sent = {"name": "Denials", "query": "decision=deny&tenant=other"}
        answer = browser.post(f"{RECORDS}/searches", sent, csrf_from=RECORDS)
        assert answer.status_code == 303
        other = portal.auditor("b")
        page = other.get(RECORDS).text
        assert f'<a href="{RECORDS}?decision=deny">Denials</a>' in page
        assert "/remove" not in page
        assert other.post(f"{RECORDS}/searches/1/remove", csrf_from=RECORDS).status_code == 403
        browser = portal.auditor()
        assert "Denials" in browser.get(RECORDS).text
        assert browser.post(f"{RECORDS}/searches/1/remove", csrf_from=RECORDS).status_code == 303
        assert "Denials" not in browser.get(RECORDS).text
        assert browser.post(f"{RECORDS}/searches/1/remove", csrf_from=RECORDS).status_code == 303


@pytest.mark.parametrize("name", ["", "x" * 81, "a\nb"], ids=["none", "too long", "two lines"])
def test_a_name_that_cannot_be_one_is_refused(browser, name):
    answer = browser.post(f"{RECORDS}/searches", {"name": name, "query": ""}, csrf_from=RECORDS)
    assert answer.status_code == 400


def test_only_so_many_searches_are_kept(browser, monkeypatch):
    monkeypatch.setattr("app.audits.searches.MOST", 1)
    for status in (303, 400):
        assert browser.post(f"{RECORDS}/searches", {"name": "a", "query": ""}, csrf_from=RECORDS).status_code == status
