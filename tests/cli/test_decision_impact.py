"""`omega decision replay --since`: many decisions decided again, under their own bundles or another."""

import asyncio
import sqlite3
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from app.cli import decision_impact
from app.impact import log_replay, replaying
from app.impact.log_replay import ReplayError
from app.impact.tally import Apart
from app.objects import open_objects
from app.pdp.decide_here import decide_here
from app.pdp.errors import EnginePanicError, EvaluationError
from evidence import holding, journal
from evidence.record import Record
from tests.decision_plane.asking import body
from tests.node import close_keys, decided, in_force, sealed, subject_keys
from tests.pdp.deciding import Engines, Service
from tests.pdp.shop import CASES, FILES, SELL_TEST, written
from tests.test_decision_log import record_of, rewritten

SINCE = ("decision", "replay", "--since", "2020-01-01")
LIGHTER = {
    "data/thresholds.json": '{"shop": {"min_grams": 1, "price": 1.5}}',
    "rego/shop/sell_test.rego": SELL_TEST.replace('"grams": 1,', '"grams": 0,'),
}
HEAVIER = {
    "data/thresholds.json": '{"shop": {"min_grams": 90, "price": 1.5}}',
    "cases/shop.yaml": CASES.replace("grams: 80", "grams: 90"),
}
APPROVED = """
approved:
  - {action: shop.sell, rule: weighed, reason: "change <118> & more", expires: "2999-12-31"}
"""


@pytest.fixture
def candidate(tmp_path):
    """Return a way to write policies that differ."""
    return lambda changes: written(tmp_path / "candidate", FILES | changes)


def test_every_decision_comes_out_as_recorded_wherever_its_record_is(omega, settings):
    decided(settings, body(), body(ripe=False), body(grams=None), body().replace(b"shop.sell", b"shop.steal"))
    sealed(settings)
    decided(settings, body(grams=1))
    ended = omega(*SINCE)
    assert (ended.code, ended.errors) == (0, "")
    assert [line.strip() for line in ended.out.splitlines()] == [
        "5  decisions",
        "5  the same",
        "0  allow to deny",
        "0  deny to allow",
        "0  another result",
        "every decision comes out as recorded",
    ]


def test_a_file_of_the_journal_that_is_sealed_is_not_read_again(omega, settings, monkeypatch):
    monkeypatch.setattr("evidence.journal.MAX_FILE", 1)  # a file for each batch
    decided(settings, body(), body(ripe=False))
    sealed(settings)
    decided(settings, body(grams=1))
    read = []
    stream = journal.stream
    monkeypatch.setattr(journal, "stream", lambda path: read.append(path) or stream(path))
    assert omega(*SINCE, "--jobs", 1).out.split()[0] == "3"
    files = [path for directory in holding.chains(settings.journals) for path in journal.files(directory)]
    assert 0 < len(read) < len(files)


def test_new_allows_are_named_and_refused_until_they_are_approved(omega, settings, candidate, tmp_path):
    light, _, _ = decided(settings, body(grams=20), body(ripe=False), body())
    sealed(settings)
    lighter = candidate(LIGHTER)
    ended = omega(*SINCE, "--bundle", lighter)
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert "deny to allow  shop.sell  weighed  grocer   1      NO" in lines
    assert lines[-1] == "NEWLY ALLOWED AND NOT APPROVED: 1"
    assert any(line.split()[:1] == [light.decision_id] for line in lines)

    approved = tmp_path / "approved.yaml"
    approved.write_text(APPROVED)
    ended = omega(*SINCE, "--bundle", lighter, "--approved", approved)
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "nothing is newly allowed that nobody approved")
    approved.write_text(APPROVED.replace("2999", "2020"))
    ended = omega(*SINCE, "--bundle", lighter, "--approved", approved)
    assert (ended.code, ended.errors) == (1, "expired on 2020-12-31: the approval of `weighed` for `shop.sell`\n")


def test_new_denials_are_counted_and_do_not_refuse(omega, settings, candidate):
    now_light, _ = decided(settings, body(grams=80), body(grams=100))
    told = omega(*SINCE, "--bundle", candidate(HEAVIER), "--format", "json")
    assert told.code == 0
    (row,) = told.json["differences"]
    assert (row["change"], row["action"], row["rules"], row["subject"], row["count"], row["approved"]) == (
        "allow to deny",
        "shop.sell",
        ["weighed"],
        "grocer",
        1,
        None,
    )
    assert [each["id"] for each in row["examples"]] == [now_light.decision_id]
    assert told.json["figures"] == {
        "decisions": 2,
        "the_same": 1,
        "the_same_answer_other_reasons": 0,
        "allow_to_deny": 1,
        "deny_to_allow": 0,
    }


def test_no_personal_data_are_shown_unless_they_are_asked_for(omega, settings, candidate):
    decided(settings, body(grams=20))
    asked = (*SINCE, "--bundle", candidate(LIGHTER))
    for shown in ("table", "json", "html"):
        assert "g-1" not in omega(*asked, "--format", shown).out
        assert "g-1" in omega(*asked, "--format", shown, "--show-inputs").out


def of_somebody(number, **facts):
    """Return a request of another person about another thing."""
    return body(**facts).replace(b"g-1", f"g-{number}".encode()).replace(b"apple-1", f"apple-{number}".encode())


def destroyed(settings, subject):
    store = subject_keys(settings)
    asyncio.run(store.destroy(subject))
    close_keys(store)


def test_who_was_erased_whose_payload_is_gone_and_what_was_cut_off_stand_apart(omega, settings, candidate):
    cut_off = Engines(in_force(settings))
    cut_off.error = EvaluationError("evaluation_timeout")
    beside = replace(settings, inline=100)
    erased, things = decided(settings, of_somebody(1), of_somebody(2))
    kept, gone = decided(beside, of_somebody(3), of_somebody(4))
    decided(settings, of_somebody(5), engines=cut_off)
    destroyed(settings, Record.parse(record_of(settings, erased)).sealed[0]["subject"])
    destroyed(settings, Record.parse(record_of(settings, things)).sealed[1]["subject"])
    (reference, _) = Record.parse(record_of(settings, gone)).body["payloads"]
    open_objects(settings.objects).delete(reference["object"])
    for more in ((), ("--bundle", candidate(HEAVIER))):
        told = omega(*SINCE, "--json", *more).json
        apart = {each["why"].partition(":")[0]: each for each in told["not_decided_again"]}
        assert {why: each["count"] for why, each in apart.items()} == {
            "person erased": 2,
            "payload gone": 1,
            "not reproducible": 1,
        }
        assert [each["id"] for each in apart["payload gone"]["examples"]] == [gone.decision_id]
        assert (told["ok"], told["figures"]["decisions"]) == (True, 5)
        assert [each["examples"][0]["id"] for each in told["differences"]] == ([kept.decision_id] if more else [])


def test_without_the_bundle_that_decided_nothing_is_said_of_its_decisions(omega, settings, candidate):
    decided(settings, body(), body(ripe=False))
    (path,) = settings.bundles.glob("*.json")
    path.unlink()
    told = omega(*SINCE, "--json")
    assert told.code == 0
    assert [(each["why"], each["count"]) for each in told.json["not_decided_again"]] == [(Apart.NO_BUNDLE, 2)]
    path.write_bytes(b"{}")
    assert omega(*SINCE, "--json").json["not_decided_again"][0]["why"] == Apart.NO_BUNDLE
    assert omega(*SINCE, "--json", "--bundle", candidate(HEAVIER)).json["figures"]["decisions"] == 2


def test_chains_tenants_actions_and_times_are_told_apart(omega, settings):
    for tenant in ("default", "default", "other"):  # each time on a chain of its own, as the last is closed only later
        decided(settings, body(), caller=Service(tenant=tenant))
        for directory in holding.chains(settings.journals):
            holding.abandon(directory, holding.Reason.DISK)
    sealed(settings)
    decided(settings, body(ripe=False))

    def count(*more):
        return omega(*SINCE, "--json", *more).json["figures"]["decisions"]

    assert len(holding.chains(settings.journals)) == 4
    assert count() == 4
    assert count("--tenant", "other") == 1
    assert (count("--action", "shop.*"), count("--action", "*.steal")) == (4, 0)
    assert (count("--until", "2020-01-02"), count("--until", "2999-01-01T00:00:00+01:00")) == (0, 4)
    assert omega("decision", "replay", "--since", "2999-01-01", "--json").json["figures"]["decisions"] == 0


def test_a_result_that_does_not_come_out_again_is_said(omega, settings, monkeypatch):
    (recorded, _) = decided(settings, body(), body(ripe=False))
    lie = recorded.decision.document() | {"obligations": [{"id": "wrap", "type": "notice"}]}
    data = rewritten(record_of(settings, recorded), result=lie)
    monkeypatch.setattr(replaying.Replayer, "_journalled", lambda *_: iter([data]))
    ended = omega(*SINCE)
    assert ended.code == 1
    assert "another result  shop.sell  (obligations or wording)  grocer   1      -" in ended.out.splitlines()
    assert ended.out.endswith("DECISIONS COME OUT OTHERWISE\n")


def altered(name):
    """Have a record say something else of itself."""
    return {
        "no result": lambda data: rewritten(data, result=None),
        "no parts of a request": lambda data: rewritten(data, payloads=[]),
        "a block of another place": lambda data: data.replace(b'"seq":1,', b'"seq":9,'),
        "no record": lambda data: data[:-1],
    }[name]


@pytest.mark.parametrize("name", ["no result", "no parts of a request", "a block of another place", "no record"])
def test_what_cannot_be_read_stands_apart(omega, settings, monkeypatch, name):
    (recorded,) = decided(settings, body())
    data = altered(name)(record_of(settings, recorded))
    monkeypatch.setattr(replaying.Replayer, "_journalled", lambda *_: iter([data]))
    told = omega(*SINCE, "--json").json
    assert [each["why"] for each in told["not_decided_again"]] == ([] if name == "no record" else [Apart.UNREADABLE])


def test_a_damaged_key_concerns_its_own_decisions_alone(omega, settings):
    damaged, _ = decided(settings, of_somebody(1), of_somebody(2))
    subject = Record.parse(record_of(settings, damaged)).sealed[0]["subject"]
    with sqlite3.connect(settings.data / "subject_keys.db") as connection:
        connection.execute("UPDATE subject_key SET wrapped = x'00' WHERE subject = ?", [subject])
    connection.close()
    told = omega(*SINCE, "--json").json
    assert [(each["why"], each["count"]) for each in told["not_decided_again"]] == [(Apart.UNREADABLE, 1)]
    assert told["figures"]["the_same"] == 1


@pytest.mark.parametrize("own", [True, False], ids=["under its own bundle", "under another"])
def test_an_engine_that_breaks_down_is_thrown_away(omega, settings, candidate, monkeypatch, own):
    decided(settings, body(), body(ripe=False))
    used = []

    def breaking(bundle, engine, document):
        used.append(engine)
        if len(used) == 1:
            raise EnginePanicError("broke down")
        return decide_here(bundle, engine, document)

    monkeypatch.setattr(replaying, "decide_here", breaking)
    told = omega(*SINCE, "--json", *(() if own else ("--bundle", candidate(HEAVIER)))).json
    assert [(each["why"], each["count"]) for each in told["not_decided_again"]] == [(Apart.BROKEN, 1)]
    assert used[0] is not used[1]


def test_segments_that_have_expired_are_counted(omega, settings):
    decided(settings, body())
    sealed(settings)
    (segment,) = settings.data.glob("store/chains/*/segments/*")
    segment.unlink()
    told = omega(*SINCE, "--json").json
    assert [each["why"] for each in told["not_decided_again"]] == [Apart.EXPIRED]


class Page(HTMLParser):
    """Holds a page to be well nested, and collects what it is made of."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.words = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_escapes_runs_nothing_and_can_be_read_aloud(omega, settings, candidate, tmp_path):
    decided(settings, body(grams=20).replace(b"g-1", b"<script>alert(1)</script>"), body(ripe=False))
    approved, page = tmp_path / "approved.yaml", tmp_path / "report.html"
    approved.write_text(
        APPROVED + '  - {action: shop.sell, rule: ripe, reason: "<b>", expires: "2020-01-01"}\n', encoding="utf-8"
    )
    asked = (*SINCE, "--bundle", candidate(LIGHTER), "--approved", approved, "--show-inputs", "--format", "html")
    ended = omega(*asked, "-o", page)
    assert (ended.code, ended.out) == (0, "nothing is newly allowed that nobody approved\n")
    text = page.read_text("utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "change &lt;118&gt; &amp; more, until 2999-12-31" in text
    read = Page(text)
    tags = [tag for tag, _ in read.seen]
    assert {"script", "img", "link", "iframe"} & set(tags) == set()
    assert tags.count("table") == tags.count("caption") == 3
    assert all("scope" in attributes for tag, attributes in read.seen if tag == "th")
    assert ("html", {"lang": "en"}) in read.seen
    assert list(tmp_path.glob(".report*")) == []


def test_a_page_without_differences_says_so(omega, settings):
    decided(settings, body())
    text = omega(*SINCE, "--format", "html").out
    Page(text)
    assert "Nothing comes out otherwise." in text


def test_a_report_that_cannot_be_written_leaves_what_was(omega, settings, tmp_path, monkeypatch):
    decided(settings, body())
    ended = omega(*SINCE, "-o", tmp_path / "no" / "report.txt")
    assert (ended.code, "cannot be written" in ended.message) == (2, True)

    old = tmp_path / "report.txt"
    old.write_text("old")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(decision_impact.Path, "replace", interrupted)
    assert omega(*SINCE, "-o", old).code == 130
    assert (old.read_text(), [path.name for path in tmp_path.glob("*report*")]) == ("old", ["report.txt"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param([], "name one decision by its id, or many by --since", id="neither"),
        pytest.param(["x-1", "--since", "2020-01-01"], "name one decision", id="both"),
        pytest.param(["--since", "2020-01-01", "--bundle", "nowhere"], "is no directory", id="no bundle"),
        pytest.param(["--since", "2020-01-01", "--approved", "nowhere"], "cannot be read", id="no approvals"),
        pytest.param(["--since", "2020-01-01", "--approved", "pyproject.toml"], "pyproject.toml:", id="another file"),
    ],
)
@pytest.mark.usefixtures("settings")
def test_what_is_unusable_is_one_line(omega, arguments, says):
    ended = omega("decision", "replay", *arguments)
    assert (ended.code, says in ended.message) == (2, True)


@pytest.mark.parametrize("option", [["--since", "soon"], ["--since", "2020-01-01T00:00:00"], ["--jobs", "0"]])
@pytest.mark.usefixtures("settings")
def test_options_have_their_form(omega, option):
    ended = omega(*SINCE, *option)
    assert ended.code == 2
    assert "is no " in ended.errors


def test_without_a_key_store_nothing_is_known(omega, settings, monkeypatch):
    decided(settings, body())
    (settings.data / "subject_keys.db").write_bytes(b"no database")
    ended = omega(*SINCE)
    assert (ended.code, ended.message.partition(":")[0]) == (2, "key_store_unavailable")
    monkeypatch.setenv("OMEGA_DATA", str(settings.data / "nowhere"))
    assert omega(*SINCE).code == 2


def test_a_process_of_a_pool_says_why_it_knows_nothing(settings, monkeypatch):
    decided(settings, body())
    monkeypatch.setattr(log_replay, "_replayer", None)
    node = replaying.Node.of(settings)
    log_replay.start(node, replaying.Asked(since="2020-01-01T00:00:00.000000Z"))
    (chain,) = holding.chains(settings.journals)
    stretch = replaying.Journalled(chain=chain.name, first=0)
    assert log_replay.tally_of(stretch).same == 1
    (settings.data / "subject_keys.db").write_bytes(b"no database")
    assert log_replay.tally_of(stretch).startswith("key_store_unavailable: ")
    log_replay._replayer.close()


@pytest.mark.slow
def test_a_pool_of_processes_says_the_same(omega, settings, candidate):
    for number in range(3):
        decided(settings, body(grams=20), body(), body(ripe=False))
        sealed(settings)
        assert number < 3
    asked = (*SINCE, "--bundle", candidate(LIGHTER), "--json", "--jobs")
    one, two = omega(*asked, "1"), omega(*asked, "2")
    assert (one.code, two.code) == (1, 1)
    assert one.json == two.json
    (settings.data / "subject_keys.db").write_bytes(b"no database")
    broken = omega(*asked, "2")
    assert (broken.code, broken.message.partition(":")[0]) == (2, "key_store_unavailable")


@pytest.mark.slow
def test_a_process_that_dies_is_said(settings):
    decided(settings, body())
    node, asked = replaying.Node.of(settings), replaying.Asked(since="2020-01-01T00:00:00.000000Z", snapshot=b"{}")
    with pytest.raises(ReplayError, match="ended"), log_replay._pool(node, asked, None, 2) as results:
        list(results([replaying.Journalled(chain="0" * 20, first=0)]))
