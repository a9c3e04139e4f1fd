"""The engine behind our door: JSON in, JSON out, one error, one line."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import app
from app.pdp import engine as module
from app.pdp.engine import ENGINE, Engine, Engines
from app.pdp.errors import EngineError, EnginePanicError

ROOT = Path(app.__file__).parents[1]

GATE = """package gate

import rego.v1

decision := {"allow": true} if {
	input.n == data.wanted
}

other := 1 if input.other

failing := input.s + 1

panicking := strings.count(input.s, "")
"""


@pytest.fixture
def engine():
    return Engine({"gate.rego": GATE}, '{"wanted": 1}')


def value(answer):
    return json.loads(answer)["result"][0]["expressions"][0]["value"]


def test_engine_is_named_with_its_version():
    assert f"regorus/{version('gordon-to-regorus')}" == ENGINE


def test_a_rule_that_holds_is_the_value_of_the_only_expression(engine):
    assert value(engine.evaluate("data.gate.decision", '{"n": 1}')) == {"allow": True}


@pytest.mark.parametrize(
    ("query", "text"),
    [
        pytest.param("data.gate.decision", '{"n": 2}', id="a rule that does not hold"),
        pytest.param("data.gate.nothing", '{"n": 1}', id="a rule nobody wrote"),
        pytest.param("data.elsewhere.decision", '{"n": 1}', id="a package nobody wrote"),
    ],
)
def test_undefined_has_no_result(engine, query, text):
    assert not json.loads(engine.evaluate(query, text)).get("result")


def test_one_input_leaves_nothing_behind_for_the_next(engine):
    assert value(engine.evaluate("data.gate.decision", '{"n": 1}'))
    assert not json.loads(engine.evaluate("data.gate.decision", "{}")).get("result")


@pytest.mark.parametrize(
    ("query", "text", "message"),
    [
        pytest.param(
            "data.gate.failing",
            '{"s": "x"}',
            'gate.rego:11:17: `add` expects numeric argument. Got `"x"` instead',
            id="a rule that raises",
        ),
        pytest.param("data.gate.", "{}", "<query.rego>:1:1: expecting", id="no query"),
        pytest.param("data.gate.decision", '{"n": 1', "EOF while parsing", id="half an input"),
        pytest.param("data.gate.decision", '{"n": "\ud800"}', "surrogates not allowed", id="a lone surrogate"),
        pytest.param("data.gate.decision", "[" * 10_000 + "]" * 10_000, "recursion limit", id="10,000 deep"),
    ],
)
def test_what_cannot_be_evaluated_is_one_error_on_one_line(engine, query, text, message):
    with pytest.raises(EngineError) as raised:
        engine.evaluate(query, text)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert value(engine.evaluate("data.gate.decision", '{"n": 1}')) == {"allow": True}


def test_a_panic_of_the_engine_is_told_apart(engine, capfd):
    with pytest.raises(EnginePanicError, match="window size must be non-zero"):
        engine.evaluate("data.gate.panicking", '{"s": ""}')
    capfd.readouterr()


@pytest.mark.parametrize(
    ("modules", "data", "message"),
    [
        pytest.param({"a.rego": "package a\n\nx := {\n"}, "{}", "a.rego:4:1: expecting expression", id="half a module"),
        pytest.param({}, "[]", "data must be object", id="data that is a list"),
        pytest.param({}, "{", "EOF while parsing", id="half of data"),
    ],
)
def test_what_cannot_be_loaded_is_one_error_on_one_line(modules, data, message):
    with pytest.raises(EngineError) as raised:
        Engine(modules, data)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        pytest.param("x := y", "a.rego:2:6: var y is unsafe", id="a variable nobody binds"),
        pytest.param("x := foo(1)", "a.rego:2:9: could not find function foo", id="a function nobody wrote"),
        pytest.param("x := 1\n\nx := 2", "a.rego:4:1: ", id="two values for one rule"),
    ],
)
def test_what_loading_does_not_see_shows_at_the_first_query(rule, message):
    engine = Engine({"a.rego": f"package a\n{rule}\n"}, "{}")
    with pytest.raises(EngineError) as raised:
        engine.evaluate("data.a.x", "{}")
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_a_wish_to_end_the_process_is_no_error_of_the_engine(stop):
    with pytest.raises(stop), module._TRANSLATING:
        raise stop


def test_an_error_without_words_still_says_something():
    with pytest.raises(EngineError, match="the engine gave no reason"), module._TRANSLATING:
        raise RuntimeError


def test_syntax_trees_carry_path_and_source(engine):
    (tree,) = json.loads(engine.syntax_trees())
    assert tree["source"] == {"file": "gate.rego", "contents": GATE}


def test_coverage_tells_lines_evaluated_from_lines_that_were_not():
    engine = Engine({"gate.rego": GATE}, '{"wanted": 1}', coverage=True)
    engine.evaluate("data.gate.decision", '{"n": 1}')
    assert engine.covered() == {"gate.rego": (frozenset({5, 6}), frozenset({9, 11, 13}))}


def test_without_coverage_there_is_nothing_to_tell(engine):
    engine.evaluate("data.gate.decision", '{"n": 1}')
    assert not any(evaluated for evaluated, _ in engine.covered().values())


def test_the_environment_is_put_right_before_the_engine_is_loaded():
    script = """
import os
from app.pdp.engine import Engine
from app.pdp.errors import EngineError
print(os.environ.get("RUST_BACKTRACE"), os.environ["MIMALLOC_ARENA_RESERVE"])
print("regorus" in open("/proc/self/maps").read())
size = int(open("/proc/self/statm").read().split()[0]) * 4096
try:
    Engine({"a.rego": "package a\\nx := {"}, "{}")
except EngineError as error:
    print(error)
print(int(open("/proc/self/statm").read().split()[0]) * 4096 - size < 64 << 20)
"""
    shown = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "RUST_BACKTRACE": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown.splitlines() == ["None 0", "True", "a.rego:2:7: expecting expression", "True"]


def test_each_entry_has_an_engine_of_its_own_and_all_share_the_data():
    modules = {"a.rego": "package a\nx := data.n + 1", "b.rego": "package b\nx := data.a.x"}
    engines = Engines(modules, '{"n": 1}', {"data.a.x": ["a.rego"], "data.b.x": ["b.rego"]})

    def value(query):
        result = json.loads(engines.evaluate(query, "{}")).get("result")
        return result and result[0]["expressions"][0]["value"]

    assert value("data.a.x") == 2
    assert value("data.b.x") is None  # it was not given the module it names
    assert value("data.b") == {"x": 2}  # no entry: all modules answer
