"""Decisions are found by what is known of them, newest first, page after page."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.db import open_engine
from app.index import search as module
from app.index import ways
from app.index.errors import IndexUnavailableError, QueryError, SlowQueryError
from app.index.query import Query, parse_place, place_text
from app.index.search import Count, Page, search
from app.index.search import count as count_of
from tests.evidence.logs import START
from tests.index.logged import ALICE, BOB, Logged, body, denied

PLACE = f"2026-11-22T10:46:23.123456Z_{'0' * 20}-1"


@pytest.fixture
def logged():
    made = Logged()
    first, second = made.chain(), made.chain()
    for number in range(5):
        first.append(body=body(action=f"agent.{'publish' if number % 2 else 'delist'}"))
        second.append(body=denied("signed", "new", subject={"type": "user", "ref": BOB}))
    first.append(tenant="other", body=body())
    second.append("policy.activated", tenant="system", body={"bundle": "cd" * 32, "revision": "r2", "engine": "e"})
    made.publish()
    return made


@pytest.fixture
def indexed(engine, logged):
    logged.indexer(engine).catch_up()
    return engine


def found(engine, **query):
    return search(engine, Query(**{"tenant": "acme", **query})).entries


def test_everything_of_a_tenant_newest_first(indexed):
    entries = found(indexed)
    assert len(entries) == 10
    assert {entry.tenant for entry in entries} == {"acme"}
    assert [entry.time for entry in entries] == sorted((entry.time for entry in entries), reverse=True)


def test_what_is_found_is_said_in_words_of_the_log(indexed, logged):
    entry = found(indexed, allow=False)[0]
    chain = logged.log.chains[1]
    assert entry.document() == {
        "id": f"{chain.id}-5",
        "segment": 0,
        "time": entry.time,
        "tenant": "acme",
        "type": "decision",
        "caller": "shop",
        "action": "agent.publish",
        "subject": {"type": "user", "ref": BOB},
        "resource": {"type": "agent", "ref": "agent-7"},
        "allow": False,
        "failed": ["signed", "new"],
        "policy": {"bundle": "ab" * 32, "revision": "r1"},
    }


@pytest.mark.parametrize(
    ("query", "count"),
    [
        pytest.param({"action": "agent.publish"}, 7, id="one action"),
        pytest.param({"action": "agent.publ"}, 0, id="not part of its name"),
        pytest.param({"subject": ALICE}, 5, id="one subject"),
        pytest.param({"subject": ALICE, "action": "agent.delist"}, 3, id="subject and action"),
        pytest.param({"allow": True}, 5, id="allowed"),
        pytest.param({"allow": False}, 5, id="denied"),
        pytest.param({"allow": False, "action": "agent.publish"}, 5, id="one action, denied"),
        pytest.param({"allow": False, "action": "agent.delist"}, 0, id="an action that was never denied"),
        pytest.param({"actions": ("agent.publish", "agent.delist")}, 10, id="one of two actions"),
        pytest.param({"actions": ("agent.publish",), "action": "agent.delist"}, 0, id="two that exclude each other"),
        pytest.param({"actions": ()}, 0, id="none of no actions"),
        pytest.param({"resource": "agent-7"}, 10, id="one resource"),
        pytest.param({"resource": "agent-7", "subject": BOB, "allow": True}, 0, id="resource, subject and outcome"),
        pytest.param({"rules": ("agent.publish/signed",)}, 5, id="a rule that failed"),
        pytest.param({"rules": ("agent.publish/signed", "agent.publish/new")}, 5, id="two rules that both failed"),
        pytest.param({"rules": ("agent.delist/signed",)}, 0, id="the rule of another action"),
        pytest.param({"rules": ("agent.publish/signed",), "subject": ALICE}, 0, id="a rule and somebody else"),
        pytest.param({"rules": ("agent.publish/signed",), "subject": BOB}, 5, id="a rule and a subject"),
        pytest.param({"revision": "r1"}, 10, id="the policies of one revision"),
        pytest.param({"revision": "r0"}, 0, id="a revision that never decided"),
        pytest.param({"bundle": "ab" * 32}, 10, id="one bundle"),
        pytest.param({"bundle": "cd" * 32}, 0, id="a bundle that never decided"),
        pytest.param({"bundle": "ab" * 32, "revision": "r1", "allow": False}, 5, id="bundle, revision and outcome"),
        pytest.param({"tenant": "system", "type": None}, 3, id="records of any type"),
        pytest.param({"tenant": "system", "type": None, "revision": "r2"}, 1, id="of any type, by revision"),
        pytest.param({"tenant": "other"}, 1, id="another tenant"),
        pytest.param({"tenant": "nobody"}, 0, id="a tenant that has none"),
        pytest.param({"tenant": "system", "type": "policy.activated"}, 1, id="another type of record"),
        pytest.param({"since": START + timedelta(seconds=6)}, 7, id="from a time on"),
        pytest.param({"until": START + timedelta(seconds=6)}, 3, id="before a time"),
        pytest.param({"since": START + timedelta(seconds=4), "until": START + timedelta(seconds=6)}, 2, id="between"),
        pytest.param({"subject": "a\0'; DROP TABLE indexed_decision; --" * 100}, 0, id="what only a fool asks for"),
        pytest.param({"tenant": "a\0", "type": "\udcff", "action": "\ud800"}, 0, id="what is no text"),
    ],
)
def test_each_condition_holds(indexed, query, count):
    assert len(found(indexed, **query)) == count
    assert count_of(indexed, Query(**{"tenant": "acme", **query})) == Count(number=count, more=False)


def test_a_time_zone_is_minded(indexed):
    since = (START + timedelta(seconds=6)).astimezone(timezone(timedelta(hours=5)))
    assert len(found(indexed, since=since)) == 7


@pytest.mark.parametrize("limit", [1, 3, 9, 10, 11])
def test_pages_go_on_where_the_one_before_ended(indexed, limit):
    entries, after, pages = [], None, 0
    while pages == 0 or after is not None:
        page = search(indexed, Query(tenant="acme", limit=limit, after=after))
        entries, after, pages = [*entries, *page.entries], page.after, pages + 1
    assert entries == list(found(indexed))
    assert pages == -(-10 // limit)


@pytest.mark.parametrize("limit", [1, 3, 9, 10])
def test_pages_go_back_the_way_they_came(indexed, limit):
    def pages():
        page, found = search(indexed, Query(tenant="acme", limit=limit)), []
        while True:
            found.append(page)
            if page.after is None:
                return found
            page = search(indexed, Query(tenant="acme", limit=limit, after=page.after))

    forth = pages()
    assert forth[0].before is None
    page, back = forth[-1], [forth[-1].entries]
    while page.before is not None:
        page = search(indexed, Query(tenant="acme", limit=limit, before=page.before))
        back.append(page.entries)
    assert back[::-1] == [each.entries for each in forth]


def test_what_is_behind_the_last_page_is_nothing(indexed):
    last = found(indexed)[-1]
    place = f"{last.time}_{last.decision_id}"
    assert search(indexed, Query(tenant="acme", after=place)) == Page(entries=(), after=None)
    assert len(search(indexed, Query(tenant="acme", before=place)).entries) == 9


def test_what_is_much_is_counted_so_far_and_no_further(indexed):
    assert count_of(indexed, Query(tenant="acme"), most=9) == Count(number=9, more=True)
    assert count_of(indexed, Query(tenant="acme"), most=10) == Count(number=10, more=False)


def test_counting_ends_when_its_time_is_over_and_says_how_far_it_came(indexed, monkeypatch):
    monkeypatch.setattr(module, "COUNTING", -1.0)
    monkeypatch.setattr(module, "_FETCHED", 4)
    assert count_of(indexed, Query(tenant="acme")) == Count(number=3, more=True)
    assert count_of(indexed, Query(tenant="other")) == Count(number=1, more=False)


def test_a_search_that_takes_too_long_is_ended(indexed, monkeypatch):
    monkeypatch.setattr(module, "SECONDS", -1.0 if indexed.dialect.name == "sqlite" else 0.001)
    monkeypatch.setattr(module, "_STEPS", 1)
    slow = text("SELECT pg_sleep(1)") if indexed.dialect.name == "postgresql" else text("SELECT 1")
    with pytest.raises(SlowQueryError), module._looking(indexed) as connection:
        connection.execute(slow)
    monkeypatch.undo()
    assert len(found(indexed)) == 10  # the connection is as it was


def test_more_alternatives_than_are_looked_at_are_refused(indexed):
    with pytest.raises(QueryError, match="too much"):
        found(indexed, actions=tuple(map(str, range(500))))


def test_more_policies_than_are_looked_at_are_refused(indexed, monkeypatch):
    monkeypatch.setattr(ways, "_MOST", 0)
    with pytest.raises(QueryError, match="too many policies"):
        found(indexed, bundle="ff" * 32)


def test_records_of_one_time_stand_on_one_page_each(engine):
    logged = Logged(step=timedelta(0))
    chains = [logged.chain() for _ in range(3)]
    for chain in chains:
        for _ in range(3):
            chain.append(body=body())
    logged.publish()
    logged.indexer(engine).catch_up()
    seen, after = [], None
    for _ in range(9):
        page = search(engine, Query(tenant="acme", limit=1, after=after))
        seen, after = [*seen, page.entries[0].decision_id], page.after
    assert after is None
    assert len(set(seen)) == 9


def test_what_comes_in_meanwhile_moves_no_page(indexed, logged):
    first = search(indexed, Query(tenant="acme", limit=4))
    whole = found(indexed)
    logged.log.chains[0].append(body=body())
    logged.publish()
    logged.indexer(indexed).catch_up()
    assert search(indexed, Query(tenant="acme", limit=6, after=first.after)).entries == whole[4:]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param({"limit": 0}, "1 to 200 rows", id="an empty page"),
        pytest.param({"limit": 201}, "1 to 200 rows", id="too large a page"),
        pytest.param({"since": datetime(2026, 1, 1)}, "time zone", id="a time without zone"),  # noqa: DTZ001 - the point
        pytest.param(
            {"until": datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))}, "calendar", id="after the last day"
        ),
        pytest.param({"tenant": None}, "across tenants", id="no tenant"),
        pytest.param({"after": PLACE, "before": PLACE}, "before a place or after it", id="before a place and after it"),
        pytest.param({"after": "somewhere"}, "go on from", id="no place"),
        pytest.param({"after": f"2026-99-22T10:46:23.123456Z_{'0' * 20}-1"}, "go on from", id="a place at no time"),
        pytest.param({"after": f"2026-11-22T10:46:23.123456Z_{'0' * 20}-01"}, "go on from", id="a place at no record"),
    ],
)
def test_what_cannot_be_asked_is_refused(indexed, query, message):
    with pytest.raises(QueryError, match=message):
        found(indexed, **query)


def test_without_an_index_there_is_one_error(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(IndexUnavailableError):
        found(engine)
    engine.dispose()


@given(st.text() | st.from_regex(r"[0-9TZ:.-]{27}_[0-9a-f]{20}-[0-9]{1,16}", fullmatch=True))
def test_no_place_to_go_on_from_raises_another_error(cursor):
    with suppress(QueryError):
        assert place_text(parse_place(cursor)) == cursor


def test_a_page_of_the_utc_day(indexed):
    day = datetime(2026, 11, 22, tzinfo=UTC)
    assert len(found(indexed, since=day, until=day + timedelta(days=1))) == 10
