"""`omega frameworks test`."""

from datetime import UTC, datetime, timedelta

import pytest

from app.cli import collected, control_tests
from frameworks import control
from frameworks.collection import Collection
from tests.decision_plane.asking import body
from tests.node import decided, node_environment, sealed, use

NOW = datetime.now(UTC) + timedelta(days=2)
DAY = f"{NOW - timedelta(days=2):%Y-%m-%d}"
LONG_AGO = ("--from", "2020-01-01", "--to", "2020-01-31")
CONTROLS = """
controls:
  - id: ripe
    title: only ripe fruit is sold
    owner: security_officer
    severity: low
    frequency: event
    criteria: [soc2/CC8.1]
    tests:
      - id: ripe/sold
        kind: machine
        title: nothing is sold
        every: day
        stale_after: 2
        population: {types: [decision], where: [{path: body.result.allow, equals: true}]}
        check: {none: true}
      - id: ripe/attested
        kind: attestation
        title: somebody looked
        every: year
        stale_after: 400
        role: ciso
        statement: somebody looked
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Have controls that know the actions of the small policies, and the settings of a node that there is not."""
    use(monkeypatch, node_environment(tmp_path))
    found = {each.id: each for each in control.parse("own.yaml", CONTROLS)}
    monkeypatch.setattr(control_tests, "collected", lambda _: Collection(catalogs={}, controls=found))


@pytest.fixture
def shop(own, settings, monkeypatch):  # noqa: ARG001 - is there first
    """Have a node with seven decisions of today, and the day after tomorrow."""
    monkeypatch.setattr(control_tests, "_now", lambda: NOW)
    decided(settings, *[body()] * 7)
    sealed(settings)


@pytest.mark.usefixtures("shop")
def test_deviations_are_listed_and_counted(omega):
    ended = omega("frameworks", "test", "--from", DAY, "--to", DAY)

    assert (ended.code, ended.errors) == (1, "")
    lines = [line.split() for line in ended.out.splitlines()]
    assert lines[0] == ["test", "kind", "outcome", "rows", "deviations", "newest"]
    assert lines[1] == ["ripe/sold", "machine", "deviations", "7", "7", DAY]
    assert lines[2] == ["ripe/attested", "attestation", "not_tested", "0"]
    assert lines[4] == ["ripe/sold"]
    assert ended.out.count("there should be none") == 5
    assert "and 2 more" in ended.out
    assert f"2 tests: 1 deviations, 1 not tested, from {DAY} to before " in ended.out


@pytest.mark.usefixtures("shop")
def test_results_are_printed_as_json(omega):
    shown = omega("frameworks", "test", "--from", DAY, "--to", DAY, "--json", "--tenant", "default").json

    assert shown["from"] == f"{DAY}T00:00:00.000000Z"
    result = shown["results"][0]
    assert (result["test"], result["outcome"], result["population"]["count"]) == ("ripe/sold", "deviations", 7)
    assert len(result["deviations"]) == 7


@pytest.mark.usefixtures("shop")
def test_controls_are_chosen_by_their_ids_and_by_what_they_serve(omega):
    one = ("--control", "ripe", "--control", "ripe")
    ended = omega("frameworks", "test", *LONG_AGO, *one, "--framework", "soc2")
    assert (ended.code, ended.errors) == (0, "")
    assert "did_not_occur  0" in ended.out
    assert omega("frameworks", "test", *LONG_AGO, *one, "--framework", "ccpa").code == 2


@pytest.mark.usefixtures("own")
def test_what_cannot_be_tested_is_refused_in_one_line(omega):
    cases = [
        (("--control", "none-such"), "no control `none-such`"),
        (("--framework", "none-such"), "no control serves a framework `none-such`"),
        (("--to", "2999-12-31"), "the period ends at 3000-01-01T00:00:00Z: test it once that has passed"),
        (("--to", "2019-12-30"), "a period begins in 1971 or later, and ends after that"),
    ]
    for more, why in cases:
        ended = omega("frameworks", "test", *LONG_AGO, *more)
        assert ended.code == 2
        assert ended.errors.startswith(f"omega: {why}")
        assert ended.errors.count("\n") == 1


@pytest.mark.parametrize("text", ["2026-13-01", "yesterday", "20260101", "9999-12-31"])
def test_what_is_no_day_is_refused(omega, text):
    ended = omega("frameworks", "test", "--from", text, "--to", "2026-01-01")
    assert ended.code == 2
    assert f"`{text}` is no day such as 2026-11-22" in ended.errors


@pytest.mark.usefixtures("own")
def test_controls_that_are_none_are_refused(omega, monkeypatch, tmp_path):
    (tmp_path / "own/controls").mkdir(parents=True)
    (tmp_path / "own/controls/own.yaml").write_text("controls: [{id: c, x: 1}]")
    monkeypatch.setenv("OMEGA_FRAMEWORKS", str(tmp_path / "own"))
    monkeypatch.setattr(control_tests, "collected", collected.collected)
    ended = omega("frameworks", "test", *LONG_AGO)
    assert (ended.code, ended.errors) == (2, "omega: own.yaml: controls: no member `x`\n")


@pytest.mark.usefixtures("shop")
def test_of_a_log_that_does_not_hold_nothing_is_said(omega, settings):
    (segment,) = settings.data.glob("store/chains/*/segments/*")
    segment.chmod(0o600)
    segment.write_bytes(segment.read_bytes().replace(b"decision", b"decisiom"))
    ended = omega("frameworks", "test", "--from", DAY, "--to", DAY)
    assert (ended.code, ended.out) == (1, "")
    assert "wrong-root" in ended.errors


@pytest.mark.usefixtures("own")
def test_a_store_that_is_not_there_is_unusable(omega, monkeypatch):
    monkeypatch.setenv("OMEGA_STORE", "gopher://nowhere")
    ended = omega("frameworks", "test", *LONG_AGO)
    assert ended.code == 2
    assert ended.errors.count("\n") == 1
