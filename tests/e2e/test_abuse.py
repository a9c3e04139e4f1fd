"""A thousand requests made to break the service, and policies made to, among ten thousand good requests: none is lost.

Each attack that the engine alone would not survive stands here twice, as something a caller sends and as something a
policy says. Either is refused with a reason, or decided with a recorded deny, and the same processes go on.
"""

import asyncio
import json
import random
import re
from collections import Counter
from itertools import chain, cycle, islice

import pytest

from tests.e2e.hazards import policies, task
from tests.e2e.load import ALLOWED, DENIED, PUBLISH, Load, question
from tests.e2e.service import Role
from tests.e2e.verified import verified
from tests.pdp.test_admission_process import long_chain

pytestmark = pytest.mark.slow

GOOD = 10_000
CALLERS = 16
WHOLE = json.dumps(PUBLISH).encode()
REGO = "\n".join(f"c{n} if c{n + 1}" for n in range(1_000))


def raw(text):
    """Return the body of a good request with one more member, as it stands."""
    return WHOLE.replace(b"{", b'{"more": ' + text + b", ", 1)


def told(code):
    return f"400 urn:omega:problem:malformed_request {code}"


def fact(**facts):
    """Return the body of a request with other facts about the release."""
    return question("", **facts)[1]


TOO_LARGE = "413 urn:omega:problem:request_too_large None"
OUT, TYPE = "fact_out_of_bounds", "fact_type"
INPUTS = {
    "half a character": (80, raw(b'"\\ud800"'), told("forbidden_character")),
    "half a character as a name": (40, raw(b'{"\\udc00": 1}'), told("forbidden_character")),
    "half a character in UTF-8": (40, raw(b'"\xed\xa0\x80"'), told("not_utf8")),
    "no UTF-8": (40, raw(b'"\xff"'), told("not_utf8")),
    "arrays 10,000 deep": (80, raw(b"[" * 10_000 + b"]" * 10_000), told("too_deep")),
    "objects 3,000 deep": (40, raw(b'{"a":' * 3_000 + b"1" + b"}" * 3_000), told("too_deep")),
    "brackets that nobody closes": (40, b"[" * 30_000, told("too_deep")),
    "NaN": (40, raw(b"NaN"), told("not_json")),
    "a number without end": (40, raw(b"1e999999"), told("number_out_of_range")),
    "a number of 30,000 digits": (40, raw(b"9" * 30_000), told("number_out_of_range")),
    "a name that stands twice": (40, raw(b'1, "more": 2'), told("duplicate_name")),
    "more than fits": (40, raw(b'"' + b"x" * 32_768 + b'"'), TOO_LARGE),
    "what grows when it is written again": (
        40,
        fact(more="@").replace(b'"@"', b"[" + b"1e15," * 5_000 + b"1]"),
        TOO_LARGE,
    ),
    "literals inside literals as a fact": (80, fact(tests=json.loads("[" * 50 + "]" * 50)), TYPE),
    "rules that lead to each other as a fact": (80, fact(developer=REGO), OUT),
    "a text to search for ever as a fact": (80, fact(developer="a" * 30_000 + "!"), OUT),
    "2,000 members as a fact": (40, fact(signature=dict.fromkeys(map(str, range(2_000)), 1)), "fact_missing"),
    "a count of steps beyond the bounds": (80, task("", "spin", 10**15)[1], OUT),
    "a loop as long as the input says": (10, task("", "spin", 1_000)[1], "evaluation_timeout"),
    "as much memory as the input says": (30, task("", "swell", 1)[1], "evaluation_crashed"),
}

CLOCK = "rego/lib/clock.rego"
POLICIES = {
    "arrays inside arrays": ({CLOCK: "\nx := " + "[" * 50 + "]" * 50}, "nested deeper than 12"),
    "objects inside objects": ({CLOCK: "\nx := " + '{"a": ' * 30 + "1" + "}" * 30}, "nested deeper than 12"),
    "a function of itself": ({CLOCK: "\nf(0) := 1\n\nf(n) := f(n - 1) if n > 0\n"}, "rule `f` depends on itself"),
    "10,000 rules in a chain": (long_chain(4, 2_500), "stands on a chain of more than 64 rules"),
    "a union of thousands": ({CLOCK: "\nx := {1}" + " |\n{1}" * 4_000}, "more than 16 operators"),
    "numbers without end": ({CLOCK: "\nx := numbers.range(1, 100000000)\n"}, "`numbers.range` is no function"),
    "half a character in a rule": ({CLOCK: b'\nx := "\xed\xa0\x80"\n'}, "not UTF-8"),
    "half a character in the data": ({"data/abuse.json": '{"x": "\\ud800"}'}, "a surrogate"),
    "data 100,000 deep": ({"data/abuse.json": "[" * 100_000 + "]" * 100_000}, "nested deeper than 64"),
    "NaN in the data": ({"data/abuse.json": '{"x": NaN}'}, "NaN"),
    "a name that stands twice in the data": ({"data/abuse.json": '{"x": 1, "x": 2}'}, "a name stands twice"),
}


def questions():
    """Return good requests and bad ones, in an order of no kind."""
    asked = list(islice(cycle([ALLOWED, DENIED, task("light", "spin", 0), task("light", "swell", 0)]), GOOD))
    asked += [(name, body) for name, (times, body, _) in INPUTS.items() for _ in range(times)]
    random.Random(20261122).shuffle(asked)
    return asked


def reload_each(service, directory):
    """Put each bad policy into the directory and reload; return what the command said of it, and take it out."""
    said = {}
    for name, (files, _) in POLICIES.items():
        before = {path: path.read_bytes() for file in files if (path := directory / file).exists()}
        for file, text in files.items():
            with (directory / file).open("ab") as opened:
                opened.write(text if isinstance(text, bytes) else text.encode())
        said[name] = service.omega("policy", "reload")
        for file in files:
            (directory / file).unlink()
        for path, data in before.items():
            path.write_bytes(data)
    return said


async def asked(service, directory):
    async with Load(service.url, service.token(), iter(questions()), callers=CALLERS) as load:
        reloads = asyncio.create_task(asyncio.to_thread(reload_each, service, directory))
        await load.more(GOOD + 1_000)
    return load, await reloads


def outcome(answer):
    """Return what was decided: the diagnostic, or the gates that failed."""
    found = [each["code"] for each in answer.context["diagnostics"]]
    return found[0] if found else ",".join(each["id"] for each in answer.context["reasons"]) or "allowed"


def test_no_abuse_takes_anything_from_anybody_else(serving, tmp_path, say):
    assert sum(times for times, *_ in INPUTS.values()) == 1_000
    directory = policies(tmp_path / "policies")
    service = serving(OMEGA_POLICIES=directory, OMEGA_DEADLINE_MS=1_500, OMEGA_EVALUATOR_MEMORY_MIB=64)
    bundle, workers = service.get("/readyz")["bundle"], service.processes()[Role.WORKER]
    load, reloads = asyncio.run(asked(service, directory))
    got = Counter((answer.tag, outcome(answer)) for answer in load.answers) + load.refused_by_tag
    wanted = Counter(
        {("allowed", "allowed"): GOOD // 4, ("denied", "covered"): GOOD // 4, ("light", "allowed"): GOOD // 2}
    )
    wanted += Counter({(name, said): times for name, (times, _, said) in INPUTS.items()})
    assert got == wanted
    assert load.broken == 0
    for name, (_, reason) in POLICIES.items():
        assert (reloads[name].returncode, reloads[name].stdout) == (1, ""), name
        assert re.fullmatch(r"omega: [a-z_0-9/.]+:[0-9]+:[0-9]+: .+\n", reloads[name].stderr), name
        assert reason in reloads[name].stderr, name
    assert (service.get("/readyz")["bundle"], service.processes()[Role.WORKER]) == (bundle, workers)
    assert service.stop() == 0
    log = verified(service.settings.store, service.settings.keys / "log.vkey")
    assert log.lost(load.answers) == []
    denied = Counter(
        each["code"] for each in chain.from_iterable(r.body["result"]["diagnostics"] for r in log.decisions)
    )
    say(f"{GOOD} good requests beside 1,000 bad ones and {len(POLICIES)} bad policies; recorded denies: {dict(denied)}")
