"""`omega decision list`: decisions found in the index."""

import pytest

from app.db import open_engine
from app.index.rows import DECISION
from tests.decision_plane.asking import body
from tests.node import decided, sealed


@pytest.fixture
def indexed(omega, settings):
    """Return decisions that are in the index: allowed, denied, allowed."""
    found = decided(settings, body(), body(ripe=False), body())
    sealed(settings)
    assert omega("evidence", "reindex").code == 0
    return found


def ids(ended):
    assert ended.code == 0
    return [line.split()[1] for line in ended.out.splitlines()[1:]]


def test_newest_first_in_columns(omega, indexed):
    ended = omega("decision", "list")
    assert ended.errors == ""
    assert ids(ended) == [each.decision_id for each in indexed[::-1]]
    head, newest, denied, _ = ended.out.splitlines()
    assert head.split() == ["TIME", "ID", "ACTION", "SUBJECT", "RESOURCE", "FAILED"]
    assert newest.split()[2:4] == ["allow", "shop.sell"]
    assert denied.split()[2] == "deny"
    assert denied.split()[-1] != "-"


def test_as_json(omega, indexed):
    found = omega("decision", "list", "--denied", "--json").json
    assert found["after"] is None
    (entry,) = found["decisions"]
    assert entry["id"] == indexed[1].decision_id
    assert entry["allow"] is False
    assert entry["failed"] == list(indexed[1].decision.failed)


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        pytest.param(["--allowed"], 2, id="allowed"),
        pytest.param(["--denied"], 1, id="denied"),
        pytest.param(["--action", "shop.sell"], 3, id="an action"),
        pytest.param(["--tenant", "other"], 0, id="another tenant"),
        pytest.param(["--subject", f"psn_{'0' * 32}"], 0, id="a subject"),
        pytest.param(["--resource", "nothing"], 0, id="a resource"),
        pytest.param(["--rule", "shop.sell/ripe"], 1, id="a rule that failed"),
        pytest.param(["--revision", "nothing"], 0, id="a revision"),
        pytest.param(["--bundle", "ab" * 32], 0, id="a bundle"),
        pytest.param(["--since", "2020-01-01", "--until", "2100-01-01T00:00:00Z"], 3, id="a time"),
        pytest.param(["--until", "2020-01-01"], 0, id="a time long ago"),
        pytest.param(["--type", "chain.opened", "--tenant", "system"], 1, id="another type of record"),
    ],
)
@pytest.mark.usefixtures("indexed")
def test_filters(omega, filters, count):
    ended = omega("decision", "list", *filters)
    assert len(ended.out.splitlines()[1:]) == count
    assert ended.errors == ("" if count else "nothing found\n")


def test_a_list_goes_on(omega, indexed):
    first = omega("decision", "list", "--limit", 2)
    assert len(ids(first)) == 2
    after = first.errors.split()[-1]
    assert ids(omega("decision", "list", "--after", after)) == [indexed[0].decision_id]
    assert omega("decision", "list", "--limit", 2, "--json").json["after"] == after


@pytest.mark.usefixtures("indexed")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--limit", "201"], "1 to 200 rows", id="too many rows"),
        pytest.param(["--after", "x"], "go on from", id="no place"),
        pytest.param(["--since", "2026-11-22T10:00:00"], "time zone", id="a time without zone"),
    ],
)
def test_what_cannot_be_asked_is_one_line(omega, arguments, said):
    ended = omega("decision", "list", *arguments)
    assert ended.code == 2
    assert said in ended.message


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("arguments", [["--since", "soon"], ["--allowed", "--denied"], ["--limit", "many"]])
def test_what_has_not_its_form_is_refused(omega, arguments):
    assert omega("decision", "list", *arguments).code == 2


@pytest.mark.usefixtures("settings")
def test_without_an_index_there_is_one_line(omega):
    ended = omega("decision", "list")
    assert ended.code == 2
    assert "there is no index at" in ended.message


@pytest.mark.usefixtures("indexed")
def test_nothing_of_a_record_reaches_the_terminal_as_a_command(omega, settings):
    engine = open_engine(settings.index)
    with engine.begin() as connection:
        connection.execute(DECISION.update().values(resource_ref="\N{ESCAPE}[2Jgone"))
    engine.dispose()
    ended = omega("decision", "list")
    assert "\N{ESCAPE}" not in ended.out
    assert "\\x1b[2Jgone" in ended.out
