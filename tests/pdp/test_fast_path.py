"""The fast path answers what it is trusted with, hands on the rest, and closes on the first difference."""

import asyncio
import json

import pytest

from app.pdp.engine import ENGINE, Machine, compile_program
from app.pdp.errors import EngineError, EnginePanicError, EvaluationError, EvaluatorsGoneError
from app.pdp.fast_path import MACHINE_ENGINE, MAX_INPUT, Asking, FastPath, canonical, fits
from tests.pdp.machines import QUERY, text
from tests.pdp.shop import stocked

GOOD = b'{"result":[{"expressions":[{"value":{"allow":true}}]}]}'
SAME = b'{"result": [{"expressions": [{"value": {"allow": true}, "text": "data"}]}]}'
OTHER = b'{"result":[{"expressions":[{"value":{"allow":false}}]}]}'


class Answers:
    """Stands for a machine, and for the interpreter's way."""

    def __init__(self, answer=GOOD):
        self.answer, self.asked = answer, []

    def evaluate(self, query, given):
        self.asked.append((query, given))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer.decode()

    async def slowly(self, query, given):
        return self.evaluate(query, given).encode()


def opened(interpreter, answer=GOOD, **options):
    fast = FastPath(interpreter.slowly, **options)
    fast.open(Answers(answer), {"q"})
    return fast


def ask(fast, interpreter, query="q", given=b"{}"):
    """Return what one decision is answered, and by whom; whatever is looked at again is, by then."""

    async def run():
        asking = Asking(fast, interpreter.slowly, ENGINE)
        answer = await asking.evaluate(query, given)
        asking.recorded("c-1")
        if fast is not None and fast._looking is not None:
            await fast._looking
        return answer, asking.engine

    return asyncio.run(run())


def test_the_machine_answers_what_it_is_trusted_with():
    interpreter = Answers(OTHER)
    assert ask(opened(interpreter), interpreter) == (GOOD, MACHINE_ENGINE)
    assert interpreter.asked == []
    assert MACHINE_ENGINE.startswith("regorus-vm/")


@pytest.mark.parametrize(
    ("query", "given"),
    [
        pytest.param("other", b"{}", id="another query"),
        pytest.param("q", b'"' + b"x" * MAX_INPUT + b'"', id="too long"),
        pytest.param("q", b'{"at":"2260-01-01T00:00:00Z"}', id="a time beyond 64 bits"),
    ],
)
def test_the_interpreter_answers_the_rest(query, given):
    interpreter = Answers(OTHER)
    assert ask(opened(interpreter), interpreter, query, given) == (OTHER, ENGINE)


@pytest.mark.parametrize("fast", [None, FastPath(Answers().slowly)], ids=["there is none", "closed"])
def test_without_a_machine_the_interpreter_answers(fast):
    interpreter = Answers(OTHER)
    assert ask(fast, interpreter) == (OTHER, ENGINE)


def test_what_the_machine_cannot_answer_the_interpreter_does():
    interpreter = Answers(OTHER)
    fast = opened(interpreter, EngineError("25,000 instructions"))
    assert ask(fast, interpreter) == (OTHER, ENGINE)
    assert fast.trusted == {"q"}
    assert fast.trusts("q")
    assert not fast.trusts("r")


def test_a_machine_that_breaks_down_is_thrown_away():
    interpreter = Answers(OTHER)
    fast = opened(interpreter, EnginePanicError("panicked"))
    assert ask(fast, interpreter) == (OTHER, ENGINE)
    assert not fast.opened
    assert fast.trusted == set()


def test_a_share_is_looked_at_again():
    interpreter = Answers(SAME)
    chances = iter([0.009, 0.011])
    fast = opened(interpreter, share=0.01, chance=lambda: next(chances))
    ask(fast, interpreter)
    assert interpreter.asked == [("q", b"{}")]
    ask(fast, interpreter)
    assert interpreter.asked == [("q", b"{}")]
    assert fast.trusted == {"q"}


@pytest.mark.parametrize(
    "expected", [OTHER, EvaluationError("evaluation_failed")], ids=["another answer", "the interpreter fails"]
)
def test_a_difference_closes_the_path_and_is_told(expected):
    told = []

    async def tell(query, decision_id):
        told.append((query, decision_id))

    interpreter = Answers(expected)
    fast = opened(interpreter, share=1.0)
    fast.on_difference = tell
    assert ask(fast, interpreter) == (GOOD, MACHINE_ENGINE)
    assert told == [("q", "c-1")]
    assert fast.trusted == set()


def test_a_difference_need_not_be_told():
    interpreter = Answers(OTHER)
    fast = opened(interpreter, share=1.0)
    ask(fast, interpreter)
    assert fast.trusted == set()


@pytest.mark.parametrize(
    "expected",
    [EvaluationError("evaluation_timeout"), EvaluationError("evaluators_busy"), EvaluatorsGoneError("closed")],
    ids=["late", "busy", "gone"],
)
def test_an_interpreter_that_does_not_answer_proves_nothing(expected):
    interpreter = Answers(expected)
    fast = opened(interpreter, share=1.0)
    ask(fast, interpreter)
    assert fast.trusted == {"q"}


def test_more_than_it_has_time_for_is_not_looked_at():
    async def run():
        hold, asked = asyncio.Event(), []

        async def interpreter(query, given):
            await hold.wait()
            asked.append((query, given))
            return SAME

        fast = FastPath(interpreter)
        for number in range(100):
            fast.look_again("q", b"{}", GOOD, f"c-{number}")
        hold.set()
        await fast._looking
        await fast.close()
        return len(asked)

    assert asyncio.run(run()) == 64


def test_closed_it_looks_at_nothing_more():
    async def run():
        async def interpreter(_query, _given):
            await asyncio.sleep(60)

        fast = FastPath(interpreter)
        fast.look_again("q", b"{}", GOOD, "c-1")
        await asyncio.sleep(0)
        await fast.close()
        return fast._looking.cancelled()

    assert asyncio.run(run())
    asyncio.run(FastPath(Answers().slowly).close())


@pytest.mark.parametrize(
    ("value", "fit"),
    [
        ("2026-11-22T14:00:00Z", True),
        ("1999-12-31T23:59:59Z", True),
        ("2259-12-31T00:00:00Z", True),
        ("2026-11-22", False),
        ("2026-11-22T14:00:00+01:00", False),
        ("2026-11-22T14:00:00.5Z", False),
        ("1677-01-01T00:00:00Z", False),
        ("9999-01-01T00:00:00Z", False),
        ("0001-01-01T00:00:00Z", False),
        ("at 9999-01-01T00:00:00Z", True),
    ],
)
def test_times_that_the_interpreter_may_refuse_are_its_own(value, fit):
    assert fits(json.dumps({"at": value}).encode()) is fit


def test_answers_are_compared_by_their_decision():
    assert canonical(GOOD) == canonical(SAME) == '{"allow":true}'
    assert canonical(GOOD.replace(b"true", b"1")) not in {canonical(GOOD), canonical(GOOD.replace(b"true", b"1.0"))}
    assert canonical(b"{}") == canonical(b'{"result":[]}') == ""


def test_the_machine_stops_an_endless_rule_and_goes_on(tmp_path):
    bundle = stocked(tmp_path)
    machine = Machine({QUERY: compile_program(bundle.modules, QUERY)}, bundle.data)
    rule = {"a.rego": "package a\n\nimport rego.v1\n\nx := count([1 | some y in input; some z in input; y + z > 0])\n"}
    loops = Machine({"data.a.x": compile_program(rule, "data.a.x")}, "{}")
    with pytest.raises(EngineError, match="maximum instruction limit"):
        loops.evaluate("data.a.x", json.dumps(list(range(2_000))))
    assert canonical(loops.evaluate("data.a.x", "[1, 2]")) == "4"
    assert json.loads(canonical(machine.evaluate(QUERY, text())))["allow"] is True


def test_what_the_machine_leaves_undefined_is_no_answer():
    rule = {"a.rego": "package a\n\nimport rego.v1\n\nx := [y | y := input.z]\n"}
    machine = Machine({"data.a.x": compile_program(rule, "data.a.x")}, "{}")
    with pytest.raises(EngineError, match="is not defined"):
        machine.evaluate("data.a.x", "{}")
    with pytest.raises(EngineError, match=r"no program for `data\.a\.y`"):
        machine.evaluate("data.a.y", "{}")
    with pytest.raises(EngineError):
        machine.evaluate("data.a.x", "{")


def test_what_is_no_program_is_refused():
    with pytest.raises(EngineError):
        Machine({"q": b"zz"}, "{}")
    with pytest.raises(EngineError, match=r"a.rego:3:5"):
        compile_program({"a.rego": "package a\n\nx = := 1\n"}, "data.a.x")
