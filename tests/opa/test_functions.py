"""Functions that a policy may call compute what OPA computes, but for what docs/builtins.md names."""

import itertools
import json
import random

import pytest

from app.pdp.builtins import ADDED, BUILTINS, DIFFERENCES
from app.pdp.engine import Engine
from app.pdp.second_opinion import answer
from tests.opa.oracle import differences, listed
from tests.pdp.test_web_tokens import DECODED, JOE, SAID
from tests.pdp.tokens_made import PUBLISHED, RSA, SHARED, SIGNERS, certificate, jwk, part, pem, token

pytestmark = pytest.mark.slow

TRIES = 600
HEAD = "package f\n\nimport rego.v1\n\n"
TIMES = ["2026-11-22T14:00:00Z", "2026-11-22T14:00:00.5+01:00", "1h30m", "-1.5s", 1795356000000000000, [0, "UTC"]]
NETWORKS = ["10.0.0.0/8", "10.1.2.3", "::/0", ["10.0.0.0/9", "10.128.0.0/9"], ["10.0.0.0/8", "10.1.0.0/16"], "a/b"]
TEXTS = ["", "a", "b", "A b", "abcab", "é", "ß", "*", "a*", "[a-z]+", "(a)(b)?", '{"a": 1}', "[1,2", "~*<>&", ".", "/"]
CODES = ["YWI=", "YWI", "6162", "UTC", "%41+b", "1.2.3", "2.0.0-rc.1", "10MB", "2.5K", "Europe/Berlin"]
NUMBERS = ["1", "-2", "2.5", "0x1f", " 1", 0, 1, -1, 2, 3, 10, 1.5, -0.5, 100_000, 2**40]
LISTS = [[], [1, 2, 3], [3, 1, 2], ["a", "b"], ["a", ["b"]], [[1, 2], [3]], [True, 1, None], ["a/b"], [0.1, 0.2, 0.3]]
OBJECTS = [{}, {"a": 1}, {"a": {"b": 1}}, {"b": ["a"], "a": ["b"]}, [{"a": 1}, {"b": 2}]]
PATCHES = [[{"op": "remove", "path": "/a"}], [{"op": "add", "path": "/c", "value": 1}], ["/a"]]
ROWS = [row for rows in DIFFERENCES for row in rows.split(", ")]
POOL = [*TIMES, *NETWORKS, *TEXTS, *CODES, *NUMBERS, *LISTS, *OBJECTS, *PATCHES, True, False, None]

EXPRESSIONS = {
    "array.flatten": ["array.flatten([{1}])", "array.flatten([1, [2, [3]], []])"],
    "array.slice": ["array.slice([1, 2, 3], 1, 2)"],
    "base64.is_valid": ["base64.is_valid(1)"],
    "base64url.decode": ['base64url.decode("UTC")'],
    "ceil": ["ceil(-0.5)"],
    "count": ['count("\U0001f44d")', "count({1, 2})"],
    "floor": ["floor(-0.5)"],
    "graph.reachable": ['graph.reachable({"a": ["b"], "b": []}, {"a"})'],
    "indexof": ['indexof("a", "")'],
    "indexof_n": ['indexof_n("ab", "")'],
    "intersection": ["intersection({{1, 2}, {2}})", "intersection(set())"],
    "io.jwt.decode": [f'io.jwt.decode("{part(b"""{"alg": 1, "alg": 2}""")}.{part({})}.")'],
    "io.jwt.decode_verify": [f'io.jwt.decode_verify("{token("HS256", {})}", {{"secret": "{SHARED}"}})'],
    "io.jwt.verify_rs256": [
        f"io.jwt.verify_rs256({json.dumps(token('RS256', JOE, header={'alg': 'PS256'}))}, {json.dumps(pem(RSA))})"
    ],
    "json.filter": ['json.filter({"a": 1}, ["/a"])', 'json.filter({"a": 1}, {"a"})'],
    "json.is_valid": ["json.is_valid(1)"],
    "json.marshal": ['json.marshal("<")'],
    "json.remove": ['json.remove({"a": 1}, ["/a"])', 'json.remove({"a": {"b": 1}}, ["a/b"])'],
    "lower": ['lower("\u0130")'],
    "net.cidr_is_valid": ["net.cidr_is_valid(1)"],
    "net.cidr_merge": [
        'net.cidr_merge(["10.0.0.0/8", "::/8"])',
        'net.cidr_merge(["11.0.0.0/8", "::ffff:11.0.0.0/97"])',
        'net.cidr_merge(["1.1.1.1"])',
    ],
    "object.filter": ['object.filter({"a": 1, "b": 2}, {"a"})'],
    "object.remove": ['object.remove({"a": 1, "b": 2}, {"a"})'],
    "product": ["product([0.1, 0.2, 0.3])"],
    "regex.match": ['regex.match("{a", "{a")'],
    "semver.is_valid": ["semver.is_valid(1)"],
    "set": ["set()"],
    "sort": ['sort([{1}, {"a": 1}])'],
    "substring": ['substring("abc", 1.5, 1)'],
    "sum": ["sum([0.1, 0.2, 0.3])", "sum({1, 2})"],
    "time.add_date": ["time.add_date(1706659200000000000, 0, 1, 0)", "time.add_date(1709164800000000000, 1, 0, 0)"],
    "time.parse_duration_ns": ['time.parse_duration_ns("1d")'],
    "to_number": ['to_number(" 1")'],
    "union": ["union({{1}, {2}})"],
    "units.parse": ['units.parse(".")'],
    "units.parse_bytes": ['units.parse_bytes("2.5")'],
    "upper": ['upper("\u00df")'],
    "walk": [
        "[pair | pair := walk([1])]",
        "[value | walk([1, [2]], [_, value])]",
        "{path | walk({`a`: [1]}, [path, _])}",
    ],
}


def is_of(name, row):
    """Tell whether a row of the page, such as `regex.*`, is about a function."""
    return name == row or (row.endswith("*") and name.startswith(row[:-1]))


def documented(name):
    """Tell whether the page says that a function differs from OPA's."""
    return any(is_of(name, row) for row in ROWS)


def as_numbers(answer):
    """Return a value with its whole numbers as integers, for `1.0` and `1` are one number of JSON; None for no value.

    Whether a rule without a value is undefined or fails, is said differently.
    """
    kind, text = answer
    return [json.loads(text, parse_float=_number)] if kind == "value" else None


def _number(text):
    value = float(text)
    return int(value) if value == int(value) else value


def differs(here, there):
    """Tell whether two answers are not the same value."""
    return json.dumps(as_numbers(here)) != json.dumps(as_numbers(there))


def expressed(oracle, expression):
    source = f"{HEAD}r := {expression}\n"
    oracle.load({"f.rego": source}, "{}")
    return answer(Engine({"f.rego": source}, "{}"), "f.r", "{}"), oracle.evaluate("f.r", ["{}"])[0]


@pytest.fixture(scope="module")
def tried(opa):
    """For each function, whatever it is given: the arguments, our answer and OPA's."""
    names = sorted(BUILTINS.keys() - {"walk", "set"})
    calls = {name: ", ".join(f"input[{place}]" for place in range(BUILTINS[name])) for name in names}
    source = HEAD + "".join(f"r{number} := {name}({calls[name]})\n" for number, name in enumerate(names))
    opa.load({"f.rego": source}, "{}")
    found = {}
    for number, name in enumerate(names):
        engine = Engine({"f.rego": f"{HEAD}r := {name}({calls[name]})\n"}, "{}")
        texts = [json.dumps(each) for each in arguments(name)]
        there = opa.evaluate(f"f.r{number}", texts)
        found[name] = [(text, answer(engine, "f.r", text), other) for text, other in zip(texts, there, strict=True)]
    return found


def arguments(name):
    """Yield arguments for a function: each of the pool for one, the same few hundred choices for more."""
    if BUILTINS[name] == 1:
        return [[value] for value in POOL]
    chance = random.Random(name)
    alike = [[value] * BUILTINS[name] for value in POOL]
    return [*alike, *(chance.choices(POOL, k=BUILTINS[name]) for _ in range(TRIES))]


def test_functions_compute_the_same_whatever_they_are_given(tried, say):
    found = [
        f"{name}{text}\n  here   {here}\n  in OPA {there}"
        for name, tries in tried.items()
        for text, here, there in tries
        if differs(here, there) and (name in ADDED or not documented(name))
    ]
    say(f"functions: {len(tried)}, {sum(map(len, tried.values()))} calls: {len(found)} differ")
    assert not found, listed(found)


def test_every_function_was_given_something_that_it_is_made_for(tried, opa):
    answered = {
        name for name, tries in tried.items() if any(here[0] == there[0] == "value" for _, here, there in tries)
    }
    for name, expressions in EXPRESSIONS.items():
        if any(here[0] == there[0] == "value" for here, there in (expressed(opa, each) for each in expressions)):
            answered.add(name)
    by_tokens = {name for name in ADDED if name.startswith("io.jwt.")}  # see below
    assert BUILTINS.keys() - answered - by_tokens == set()


def test_the_page_names_every_difference_and_none_that_is_not_there(opa, tried):
    differing = {name for name, tries in tried.items() if any(differs(here, there) for _, here, there in tries)}
    for name, expressions in EXPRESSIONS.items():
        if any(differs(*expressed(opa, each)) for each in expressions):
            differing.add(name)
    assert {name for name in differing if not documented(name)} == set()
    assert [row for row in ROWS if not any(is_of(name, row) for name in differing)] == []


def texts(chance, most=70):
    """Return a text, of characters that take one byte to four."""
    return "".join(chance.choices('ab \n\0"\u00e9\u4e2d\U0001f600', k=chance.randint(0, most)))


def network(chance, version):
    """Return a network, with or without bits set beyond its prefix."""
    if version == 6:
        address = chance.choice(["::", "::1", "2001:db8::", "2001:db8:0:1::ff", "2001:db9::", "fe80::1", "ffff:ffff::"])
        return f"{address}/{chance.choice([0, 3, 32, 48, 64, 127, 128])}"
    address = chance.choice(["1.0.0.0", "10.0.0.0", "10.1.2.3", "10.1.3.0", "11.0.0.0", "192.168.1.255"])
    return f"{address}/{chance.choice([0, 1, 7, 8, 15, 16, 23, 24, 31, 32])}"


def nested(chance, depth=4):
    """Return an array of JSON values, arrays among them."""
    plain = [1, "a", None, True, 1.5, {}, {"b": [1, [2]]}, []]
    return [
        nested(chance, depth - 1) if depth and chance.random() < 0.4 else chance.choice(plain)
        for _ in range(chance.randint(0, 4))
    ]


def made(name, chance):
    """Return arguments that a function which this service adds is made for."""
    version = chance.choice([4, 6])
    match name:
        case "array.flatten":
            return [nested(chance)]
        case "net.cidr_merge":
            return [[network(chance, version) for _ in range(chance.randint(0, 8))]]
        case "net.cidr_intersects":
            mapped = f"::ffff:10.0.0.0/{chance.randint(96, 128)}"  # a network of IPv4 as IPv6 writes it
            return [network(chance, version), chance.choice([network(chance, version), network(chance, 4), mapped])]
        case "crypto.hmac.equal":
            one = texts(chance, 3)
            return [one, chance.choice([one, one + "a", texts(chance, 3)])]
    return [texts(chance, chance.choice([5, 70, 300])) for _ in range(ADDED[name])]


@pytest.mark.parametrize("name", sorted(name for name in ADDED if not name.startswith("io.jwt.")))
def test_added_functions_compute_the_same(opa, name):
    chance = random.Random(name)
    calls = [made(name, chance) for _ in range(TRIES)]
    here, there = zip(*both(opa, name, *calls), strict=True)
    found = [each for each in differences(calls, here, there) if "in OPA failed runtime error: " not in each]
    assert not found, listed(found)
    assert {kind for kind, _ in here} == {"value"}
    broken = sum(text.startswith("runtime error: ") for _, text in there)  # OPA itself breaks down: see the page
    assert broken == 0 or (name == "net.cidr_merge" and broken < TRIES // 100)


def both(oracle, name, *calls):
    """Return the answers of both engines for calls of one function."""
    source = f"{HEAD}r := {name}({', '.join(f'input[{place}]' for place in range(BUILTINS[name]))})\n"
    oracle.load({"f.rego": source}, "{}")
    texts = [json.dumps(call) for call in calls]
    engine = Engine({"f.rego": source}, "{}")
    return [
        (answer(engine, "f.r", text), there) for text, there in zip(texts, oracle.evaluate("f.r", texts), strict=True)
    ]


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_tokens_are_verified_by_both_or_by_opa_alone(opa, algorithm):
    keys = [pem(key) for key in dict.fromkeys(SIGNERS.values())] + [json.dumps({"keys": [jwk(RSA)]}), certificate(RSA)]
    made = [token(each, JOE) for each in SIGNERS] + [text for _, text, _ in PUBLISHED.values()]
    calls = list(itertools.product(made, keys))
    answers = both(opa, f"io.jwt.verify_{algorithm.lower()}", *calls)
    yes = ("value", "true")
    assert [call for call, (here, there) in zip(calls, answers, strict=True) if here == yes and there != yes] == []
    assert answers[calls.index((token_of(made, algorithm), pem(SIGNERS[algorithm])))] == (yes, yes)


def token_of(made, algorithm):
    return made[list(SIGNERS).index(algorithm)]


@pytest.mark.parametrize(("algorithm", "text", "key"), PUBLISHED.values(), ids=PUBLISHED)
def test_published_tokens_are_verified_by_both(opa, algorithm, text, key):
    answers = both(opa, f"io.jwt.verify_{algorithm}", [text, json.dumps(key)])
    assert answers == [(("value", "true"), ("value", "true"))]


def test_tokens_are_decoded_alike(opa):
    made = [[token(each, JOE)] for each in SIGNERS]
    assert all(here == there for here, there in both(opa, "io.jwt.decode", *made))


def test_constraints_are_held_alike(opa):
    calls = [[token("RS256", JOE), constraints] for constraints, _ in DECODED.values()]
    calls += [
        [token("HS256", payload), {"secret": SHARED, "time": 10_000_000_000} | constraints]
        for payload, constraints, _ in SAID.values()
    ]
    answers = both(opa, "io.jwt.decode_verify", *calls)
    verified = [(json.loads(here[1])[0], there[0] == "value" and json.loads(there[1])[0]) for here, there in answers]
    assert [call for call, (here, there) in zip(calls, verified, strict=True) if here != there] == []
