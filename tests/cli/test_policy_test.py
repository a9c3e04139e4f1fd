"""`omega policy test`: the results, in three forms, what they reach, and going on."""

import os
from xml.etree import ElementTree as ET

import pytest

from app import activation
from app.cli import policy_test
from app.cli.commands import parser
from app.pdp.policy_test import run_tests
from tests.pdp.shop import CASES, FILES, SELL, SELL_TEST, written

FAILING = {"rego/shop/sell_test.rego": SELL_TEST.replace("allow == true", "allow == false")}
WRONG = {"cases/shop.yaml": CASES.replace("want: {allow: true, failed: [described]}", "want: {allow: false}")}


@pytest.fixture(autouse=True)
def here(request, monkeypatch):
    """Run the tests in this process, which takes a tenth of the time; `apart` leaves them where they belong."""

    def run(bundle, *, chosen, rules):
        return run_tests(bundle, chosen=chosen.takes, rules=rules)

    if "apart" not in request.fixturenames:
        monkeypatch.setattr(policy_test, "run_tests_apart", run)


@pytest.fixture
def apart():
    """Have the tests run in a process of their own."""


@pytest.mark.usefixtures("apart")
def test_tests_that_pass_are_a_table(omega, settings):
    ended = omega("policy", "test")
    assert (ended.code, ended.errors) == (0, "")
    head, *rows, last = ended.out.splitlines()
    assert head.split() == ["of", "name", "expected", "actual", "severity"]
    assert len(rows) == 6
    assert rows[0].split() == ["passed", "shop.sell", "test_a_ripe_and_heavy_fruit_is_sold", "true", "true", "critical"]
    assert rows[3].split("  ")[-1].strip() == "low"
    assert last == "6 passed, 0 failed"
    assert activation.active(settings.bundles).exists()


def test_tests_that_fail_are_named_with_their_place(omega, settings):
    written(settings.policies, FAILING | WRONG)
    ended = omega("policy", "test", "--failed")
    assert ended.code == 1
    _, rego, case, *named, last = ended.out.splitlines()
    assert rego.split()[3:] == ["true", "not", "true", "critical"]
    assert "a ripe fruit is sold" in case
    assert named == [
        "FAILED rego/shop/sell_test.rego:9: test_a_ripe_and_heavy_fruit_is_sold: is not true",
        "FAILED cases/shop.yaml:2: a ripe fruit is sold: allow is True, want False; failed is ['described'], want []",
    ]
    assert last == "4 passed, 2 failed"


@pytest.mark.usefixtures("settings")
def test_policies_elsewhere_can_be_tested(omega, tmp_path):
    elsewhere = written(tmp_path / "elsewhere", FILES | FAILING)
    assert omega("policy", "test", elsewhere).out.endswith("5 passed, 1 failed\n")
    assert omega("policy", "test").out.endswith("6 passed, 0 failed\n")


@pytest.mark.usefixtures("settings")
def test_nothing_is_listed_where_nothing_fails(omega):
    assert omega("policy", "test", "--failed").out == "6 passed, 0 failed\n"


def test_coverage_says_what_no_test_reaches(omega, settings):
    written(settings.policies, {"rego/shop/sell.rego": SELL + "\nspare(x) := y if {\n\ty := x + 1\n}\n"})
    lines = omega("policy", "test", "--failed", "--coverage").out.splitlines()
    assert lines[1].split() == ["file", "lines", "rules", "gates", "lines", "not", "run"]
    [row] = [line.split() for line in lines if line.startswith("rego/shop/sell.rego")]
    assert row[2:4] == ["8/9", "3/3"]
    assert f"UNTESTED rego/shop/sell.rego:{SELL.count(chr(10)) + 2}: spare: no test reaches it" in lines
    assert lines[-1] == "6 passed, 0 failed"


def test_coverage_of_chosen_tests_is_that_of_their_packages(omega, settings):
    test = "package lib.gates_test\n\nimport rego.v1\n\ntest_nothing if true\n"
    written(settings.policies, {"rego/lib/gates_test.rego": test})
    lines = omega("policy", "test", "--coverage", "--case", "gift").out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("rego/")] == ["rego/shop/sell.rego"]


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--case", "GIFT"], ["a gift is wrapped"]),
        (
            ["--case", "fruit", "--action", "s*"],
            ["a ripe fruit is sold", "a fruit that nobody weighed is not sold"],
        ),
    ],
)
def test_some_tests_can_be_chosen(omega, options, names):
    said = omega("policy", "test", "--json", *options).json
    assert [result["name"] for result in said["results"]] == names


@pytest.mark.usefixtures("settings")
def test_a_choice_of_nothing_is_no_success(omega):
    ended = omega("policy", "test", "--failed", "--action", "shop.buy", "--coverage")
    assert ended.code == 2
    assert ended.errors == "omega: no test is chosen by --action and --case\n"


@pytest.mark.parametrize("form", [["--json"], ["--format", "json"], ["--json", "--format", "json"]])
def test_results_as_json(omega, settings, form):
    written(settings.policies, FAILING)
    ended = omega("policy", "test", *form)
    assert ended.code == 1
    assert (ended.json["ok"], ended.json["passed"], ended.json["failed"]) == (False, 5, 1)
    assert sum(not result["passed"] for result in ended.json["results"]) == 1
    assert ended.json.keys() == {"ok", "passed", "failed", "results"}


@pytest.mark.usefixtures("settings", "apart")
def test_coverage_as_json(omega):
    said = omega("policy", "test", "--json", "--coverage").json
    assert said["coverage"]["rego/shop/sell.rego"].keys() == {"covered", "missed"}
    assert {gate["gate"] for gate in said["gates"]} == {"ripe", "weighed", "described"}
    assert {rule["reached"] for rule in said["rules"]} == {True}


@pytest.mark.usefixtures("settings")
def test_one_form_at_a_time(omega):
    assert omega("policy", "test", "--json", "--format", "table").message == "write --json or --format, not both"


def test_results_as_junit(omega, settings):
    note = '- note: "a fruit & a <null>: \\0\\u0007"\n  input: {}\n  want: {allow: true}\n'
    written(settings.policies, {"cases/shop.yaml": CASES.lstrip() + note})
    ended = omega("policy", "test", "--format", "junit")
    assert (ended.code, ended.errors) == (1, "")
    root = ET.fromstring(ended.out.encode())  # noqa: S314 - our own
    assert (root.tag, root.get("tests"), root.get("failures"), root.get("errors")) == ("testsuites", "7", "1", "0")
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in root] == [
        ("rego/shop/sell_test.rego", "3", "0"),
        ("cases/shop.yaml", "4", "1"),
    ]
    cases = root.findall("testsuite/testcase")
    assert {case.get("classname") for case in cases} == {"shop.sell", "cases/shop.yaml"}
    assert all(float(case.get("time")) >= 0 for case in cases)
    [failure] = root.findall("testsuite/testcase/failure")
    assert cases[-1].get("name") == "a fruit & a <null>: \ufffd\ufffd"
    assert failure.get("message").startswith("the input is no request: ")
    assert failure.text == "cases/shop.yaml:20: expected allow, got no request"
    assert failure.get("type") == "case"


@pytest.mark.parametrize(("form", "code"), [([], 1), (["--json"], 1), (["--format", "junit"], 1)])
def test_what_cannot_be_tested_is_one_line(omega, settings, form, code):
    written(settings.policies, {"cases/shop.yaml": "- note: x\n  input: {}\n  wnat: {}\n"})
    ended = omega("policy", "test", *form)
    assert ended.code == code
    said = ended.json["error"] if form == ["--json"] else ended.message
    assert said.startswith("cases/shop.yaml:3:3: a case has ")


class Turns:
    """In place of waiting: before each look at the files one thing is done, and at last somebody presses Ctrl-C."""

    def __init__(self, *turns):
        self._turns = [*turns]

    def __call__(self, seconds):
        assert seconds > 0
        if not self._turns:
            raise KeyboardInterrupt
        self._turns.pop(0)()


def idle(): ...


def watched(settings, capsys, *turns, options=("--failed",)):
    asked = parser().parse_args(["policy", "test", "--watch", *options])
    code = policy_test.run(asked, settings, Turns(*turns))
    said = capsys.readouterr()
    return code, said.out.splitlines(), said.err.splitlines()


def changing(settings, files):
    def change():
        written(settings.policies, files)
        for file in files:  # two writes may share a tick of the clock
            status = (settings.policies / file).stat()
            os.utime(settings.policies / file, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))

    return change


def counts(lines):
    return [line for line in lines if line.endswith("failed")]


def test_watching_runs_again_what_a_change_concerns(settings, capsys):
    code, out, _ = watched(
        settings,
        capsys,
        idle,
        changing(settings, WRONG),
        idle,
        changing(settings, {"notes.md": "# Notes\n"}),
        idle,
        changing(settings, {"cases/shop.yaml": CASES}),
        idle,
        idle,
        changing(settings, {"data/thresholds.json": '{"shop": {"min_grams": 5}}'}),
        idle,
    )
    # a case fails, so all that is of its action is run again until it passes
    assert counts(out) == [
        "6 passed, 0 failed",
        "2 passed, 1 failed",
        "5 passed, 1 failed",
        "6 passed, 0 failed",
        "6 passed, 0 failed",
    ]
    assert code == 0


def test_watching_ends_with_how_the_last_run_ended(settings, capsys):
    code, out, _ = watched(settings, capsys, changing(settings, FAILING), idle)
    assert (code, counts(out)) == (1, ["6 passed, 0 failed", "2 passed, 1 failed"])


def test_watching_outlives_what_cannot_be_read(settings, capsys):
    broken = {"cases/shop.yaml": "- note: [\n"}
    code, out, errors = watched(
        settings, capsys, changing(settings, broken), idle, changing(settings, {"cases/shop.yaml": CASES}), idle
    )
    assert code == 0
    assert counts(out) == ["6 passed, 0 failed", "0 passed, 0 failed"]
    assert [line for line in errors if line.startswith("cases/shop.yaml:2:1: ")]


def test_watching_passes_over_a_file_that_vanishes(settings, capsys):
    (settings.policies / "gone.md").symlink_to(settings.policies / "nowhere.md")
    code, _, errors = watched(settings, capsys, (settings.policies / "gone.md").unlink, idle)
    assert code == 1
    assert any("gone.md" in line for line in errors)


def test_a_file_that_is_being_written_is_waited_for(settings, capsys):
    _, out, _ = watched(settings, capsys, changing(settings, WRONG), changing(settings, {"cases/shop.yaml": CASES}))
    assert counts(out) == ["6 passed, 0 failed"]


def test_watching_keeps_to_what_was_chosen(settings, capsys):
    change = changing(settings, {"data/thresholds.json": '{"shop": {"min_grams": 5}}'})
    _, out, _ = watched(settings, capsys, change, idle, options=("--failed", "--case", "gift"))
    assert counts(out) == ["1 passed, 0 failed"] * 2
