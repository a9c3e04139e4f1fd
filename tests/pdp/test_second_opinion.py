"""A second opinion: another engine is asked the same, and one difference refuses the bundle."""

import io
import json
import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app.pdp import admission_process, opa_process
from app.pdp.admission_process import compare_apart
from app.pdp.engine import Engine
from app.pdp.errors import BundleError, EngineError
from app.pdp.opa import FAILED, UNDEFINED, VALUE, Oracle, Second, running_opa
from app.pdp.opa_process import Library, Program
from app.pdp.second_opinion import answer, compare, differences
from tests.pdp.shop import stocked

ROOT = Path(__file__).parents[2]
MODULE = {"f.rego": "package f\n\nimport rego.v1\n\nr := input.a\n\nbroken := to_number(input.a)\n"}


@pytest.fixture
def program(tmp_path):
    """The program `opa`, as far as anybody asks."""
    path = tmp_path / "opa"
    made = Path(__file__).with_name("opa_made.py")
    path.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" "{made}" "$@"\n')
    path.chmod(0o700)
    return path


class Asked:
    """An oracle in this process: our own engine; `said` changes an answer."""

    def __init__(self, said=lambda _, found: found):
        self._said = said
        self.engine = None

    def load(self, modules, data):
        self.engine = Engine(modules, data)

    def evaluate(self, path, texts, _=None):
        return [self._said(path, answer(self.engine, path, text)) for text in texts]


def flipped(path, found):
    """Say the other answer to what the action decides."""
    if path != "shop.sell.decision":
        return found
    return VALUE, found[1].replace('"allow": true', '"allow": 1')


def untold(path, found):
    """Say nothing of a package as a whole, and something else of one test."""
    if path == "shop.sell_test":
        return UNDEFINED, ""
    return (FAILED, "why") if path.endswith("unripe_fruit_is_not_sold") else found


@pytest.fixture
def bundle(tmp_path):
    return stocked(tmp_path / "policies")


def begun(_):
    pass


def test_engines_that_agree_are_counted(bundle):
    seen = []
    assert compare(bundle, Asked(), count=20, begun=seen.append) == 3 + 2 + 20
    assert seen == [
        ".:1:1: the bundle, by OPA,",
        "rego/shop/sell_test.rego:1:1: the tests, compared with OPA,",
        "rego/shop/sell.rego:1:1: `shop.sell`, compared with OPA,",
    ]


def test_a_difference_names_the_action_the_input_and_both_answers(bundle):
    with pytest.raises(BundleError) as refused:
        compare(bundle, Asked(flipped), count=20, begun=begun)
    said = str(refused.value)
    assert said.startswith('rego/shop/sell.rego:1:1: a second opinion differs: `shop.sell` decides {"subject":')
    assert ': here {"allow": true, ' in said
    assert ', in OPA {"allow": 1, ' in said
    assert said.endswith(" more in this file")
    assert "\n" not in said


def test_a_test_that_differs_is_named(bundle):
    with pytest.raises(BundleError) as refused:
        compare(bundle, Asked(untold), count=0, begun=begun)
    name = "shop.sell_test.test_an_unripe_fruit_is_not_sold"
    assert str(refused.value) == (
        f"rego/shop/sell_test.rego:1:1: a second opinion differs: {name}: here true, in OPA failed why"
    )


def test_a_test_that_is_not_in_the_package_is_undefined(bundle):
    def emptied(path, found):
        return (VALUE, "{}") if path == "shop.sell_test" else found

    with pytest.raises(BundleError, match="here true, in OPA undefined; and 2 more in this file"):
        compare(bundle, Asked(emptied), count=0, begun=begun)


def test_a_bundle_that_opa_does_not_take_is_refused(bundle):
    class Refusing(Asked):
        def load(self, *_):
            raise EngineError("why")

    with pytest.raises(BundleError, match=r"^\.:1:1: OPA does not take the bundle: why$"):
        compare(bundle, Refusing(), count=1, begun=begun)


def test_a_contract_for_which_no_inputs_are_found_is_refused(bundle):
    contract = bundle.actions["shop.sell"].contract
    schema = json.loads(json.dumps(contract.schema))
    schema["properties"]["subject"]["properties"]["type"] = {"type": "string", "maxLength": 9, "pattern": "(?=b)a"}
    action = replace(bundle.actions["shop.sell"], contract=replace(contract, schema=schema))
    with pytest.raises(BundleError, match="no inputs for a second opinion: no text is found"):
        compare(replace(bundle, actions={"shop.sell": action}), Asked(), count=1, begun=begun)


def test_failures_are_the_same_whatever_reason_they_give():
    assert differences(["x"], [(FAILED, "one")], [(FAILED, "other")]) == []
    assert answer(Engine(MODULE, "{}"), "f.broken", '{"a": "x"}')[0] == FAILED
    assert answer(Engine(MODULE, "{}"), "f.r", "{}") == (UNDEFINED, "")


# The program, run as a server


@contextmanager
def serving(program):
    opa = Program(str(program))
    try:
        yield opa
    finally:
        opa.close()


def test_the_program_is_asked_about_many_inputs_at_once(program):
    with serving(program) as opa:
        assert opa.load(MODULE, {}) == {"loaded": True}
        assert opa.evaluate("f.r", None, ['{"a": 1}', "{}"]) == [{"value": 1}, {"undefined": True}]


def test_the_program_is_asked_one_by_one_where_one_input_fails(program, monkeypatch):
    monkeypatch.setenv("OPA_MADE", "fail")
    with serving(program) as opa:
        opa.load(MODULE, {})
        assert opa.evaluate("f.broken", None, ['{"a": "1"}', "{}", '{"a": "x"}']) == [
            {"value": 1},
            {"undefined": True},
            {"error": '{"code": "internal_error"}'},
        ]


def test_a_server_that_is_not_well_yet_is_asked_again(program, monkeypatch):
    monkeypatch.setenv("OPA_MADE", "slow")
    with serving(program) as opa:
        assert opa.load(MODULE, {}) == {"loaded": True}


def test_what_the_program_says_against_policies_names_their_files(program, monkeypatch):
    monkeypatch.setenv("OPA_MADE", "refuse")
    with serving(program) as opa:
        assert opa.load(MODULE, {}) == {"error": "1 error occurred: /rego/shop/sell.rego:3: rego_parse_error"}


def test_a_program_that_does_not_answer_is_not_waited_for(program, monkeypatch):
    monkeypatch.setenv("OPA_MADE", "sleep")
    monkeypatch.setattr(opa_process, "_START", 0.1)
    with serving(program) as opa:
        assert opa.load(MODULE, {}) == {"error": "the server of OPA does not answer"}


# The library


class Function:
    """A function of the library."""

    def __init__(self, does):
        self._does = does

    def __call__(self, *arguments):
        return self._does(*arguments)


class Bridge:
    """Stands for the library: keeps engines by number, and answers by handing out pointers to text."""

    def __init__(self):
        self.engines, self.answers, self.ended = {}, {}, []
        for name in ("OpaNew", "OpaDestroy", "OpaFreeString", "OpaAddPolicy", "OpaAddData", "OpaEvalDocument"):
            setattr(self, name, Function(getattr(self, f"_{name}")))

    def _OpaNew(self):  # noqa: N802
        self.engines[len(self.engines) + 1] = {}
        return len(self.engines)

    def _OpaDestroy(self, engine):  # noqa: N802
        self.ended.append(engine)

    def _OpaFreeString(self, pointer):  # noqa: N802
        del self.answers[pointer]

    def _OpaAddPolicy(self, engine, path, source):  # noqa: N802
        self.engines[engine][path.decode()] = source.decode()
        return self._said({"error": {"message": "no"}} if b"bad" in source else {})

    def _OpaAddData(self, *_):  # noqa: N802
        return self._said({})

    def _OpaEvalDocument(self, engine, path, text, *_):  # noqa: N802
        kind, said = answer(Engine(self.engines[engine], "{}"), path.decode(), text.decode())
        if kind == FAILED:
            return self._said({"error": {"message": said}})
        if kind == UNDEFINED:
            return self._said({})
        return self._said({"result": [{"expressions": [{"value": json.loads(said)}]}]})

    def _said(self, value):
        pointer = len(self.answers) + 1
        self.answers[pointer] = json.dumps(value).encode()
        return pointer


@pytest.fixture
def bridge(monkeypatch):
    made = Bridge()
    monkeypatch.setattr(opa_process.ctypes, "CDLL", lambda _: made)
    monkeypatch.setattr(opa_process.ctypes, "string_at", lambda pointer: made.answers[pointer])
    return made


def test_the_library_holds_what_is_needed_alone(bridge):
    library = Library("lib.so")
    more = {"g.rego": "package g\n"}
    assert library.load({**MODULE, **more}, {}) == {"loaded": True}
    assert library.evaluate("f.r", None, ['{"a": 1}', "{}"]) == [{"value": 1}, {"undefined": True}]
    assert list(bridge.engines) == [1]
    assert library.evaluate("f.broken", ["f.rego"], ['{"a": "x"}'])[0].keys() == {"error"}
    assert bridge.engines[2] == MODULE
    assert bridge.ended == [1]
    assert bridge.answers == {}
    assert library.load({"h.rego": "bad"}, {}) == {"error": '[{"message": "no"}]'}


@pytest.mark.usefixtures("bridge")
def test_the_process_answers_line_by_line(monkeypatch):
    lines = [{"load": {"modules": MODULE, "data": {}}}, {"evaluate": "f.r", "needed": None, "inputs": ['{"a": 1}']}]
    given, out = io.BytesIO(b"".join(json.dumps(each).encode() + b"\n" for each in lines)), io.BytesIO()
    for name, stream in (("stdin", given), ("stdout", out)):
        monkeypatch.setattr(opa_process.sys, name, io.TextIOWrapper(stream))
    monkeypatch.setattr(opa_process.sys, "argv", ["opa_process", str(os.getppid()), "lib.so"])
    monkeypatch.setattr(opa_process, "end_with_parent", lambda _: None)
    opa_process.main()
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [{"loaded": True}, {"answers": [{"value": 1}]}]


# What the product sees of the process


def test_an_oracle_says_what_it_was_told():
    told = [
        {"loaded": True},
        {"error": "no"},
        {"answers": [{"value": {"passed": ["b", "a"], "failed": []}}, {"undefined": True}, {"error": "why"}]},
    ]
    asking, answering = io.BytesIO(), io.BytesIO(b"".join(json.dumps(each).encode() + b"\n" for each in told))
    oracle = Oracle(asking, answering)
    oracle.load(MODULE, "{}")
    with pytest.raises(EngineError, match=r"^no$"):
        oracle.load(MODULE, "{}")
    assert oracle.evaluate("f.r", ["1", "2", "3"]) == [
        (VALUE, '{"failed": [], "passed": ["a", "b"]}'),
        (UNDEFINED, ""),
        (FAILED, "why"),
    ]
    with pytest.raises(EngineError, match="has ended"):
        oracle.evaluate("f.r", ["1"])

    class Gone(io.BytesIO):
        def flush(self):
            raise BrokenPipeError

    with pytest.raises(EngineError, match="has ended"):
        Oracle(Gone(), answering).evaluate("f.r", ["1"])


def test_a_process_that_was_killed_has_ended(program):
    with running_opa(program) as oracle:
        pass
    with pytest.raises((EngineError, ValueError), match=r"ended|closed"):
        oracle.load(MODULE, "{}")


def test_an_engine_has_a_name(program, tmp_path):
    assert Second(engine=program, inputs=1, seconds=1).name() == "opa 0.0.1"
    library = tmp_path / "lib.so"
    library.write_bytes(b"")
    assert Second(engine=library, inputs=1, seconds=1).name() == "opa library e3b0c44298fc"
    for path in (tmp_path / "nowhere", tmp_path / "nowhere.so", Path("/bin/false")):
        with pytest.raises(EngineError, match="is no OPA that runs here"):
            Second(engine=path, inputs=1, seconds=1).name()


@pytest.mark.slow
def test_a_bundle_is_compared_in_a_process_of_its_own(bundle, program, monkeypatch):
    second = Second(engine=program, inputs=5, seconds=60)
    opinion = compare_apart(bundle, second)
    assert opinion.document() == {
        "engine": "opa 0.0.1",
        "here": bundle.engine,
        "inputs": 5,
        "asked": 10,
        "differences": 0,
    }
    monkeypatch.setenv("OPA_MADE", "flip")
    with pytest.raises(BundleError, match=r"a second opinion differs: `shop\.sell` decides"):
        compare_apart(replace(bundle, tests={}), second)
    monkeypatch.setenv("OPA_MADE", "sleep")
    with pytest.raises(BundleError, match=r"takes longer than 2 seconds; .*OMEGA_OPINION_INPUTS"):
        compare_apart(bundle, replace(second, seconds=2))


def test_without_an_engine_that_runs_there_is_no_opinion(bundle, tmp_path):
    with pytest.raises(BundleError, match=r"^\.:1:1: no second opinion: .*no OPA that runs here$"):
        compare_apart(bundle, Second(engine=tmp_path / "nowhere", inputs=1, seconds=1))


def test_the_process_says_how_it_went(bundle, monkeypatch, tmp_path):
    @contextmanager
    def lent(_):
        yield Asked()

    monkeypatch.setattr(admission_process, "running_opa", lent)
    assert admission_process._compare(bundle, str(tmp_path), "2") == {"asked": 3 + 2 + 2}

    @contextmanager
    def broken(_):
        raise EngineError("it ended")
        yield

    monkeypatch.setattr(admission_process, "running_opa", broken)
    with pytest.raises(BundleError, match="no second opinion: it ended"):
        admission_process._compare(bundle, str(tmp_path), "2")
