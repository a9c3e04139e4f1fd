"""The functions of Rego that a policy may call, with their number of arguments, and those it may not, with the reason.

Owns the tables, and the document made of them: `python -m app.pdp.builtins > docs/builtins.md`.
"""

from collections.abc import Iterator, Mapping
from typing import Final

_BY_ARITY: Final = {
    0: "set",
    1: """abs array.reverse base64.decode base64.encode base64.is_valid base64url.decode base64url.encode
        base64url.encode_no_pad bits.negate ceil count floor hex.decode hex.encode intersection is_array
        is_boolean is_null is_number is_object is_set is_string json.is_valid json.marshal json.unmarshal lower max min
        net.cidr_is_valid object.keys object.union_n product regex.is_valid round semver.is_valid sort strings.reverse
        sum time.clock time.date time.parse_duration_ns time.parse_rfc3339_ns time.weekday to_number trim_space
        type_name union units.parse units.parse_bytes upper""",
    2: """array.concat bits.and bits.or bits.xor concat contains endswith format_int graph.reachable indexof indexof_n
        json.filter json.patch json.remove net.cidr_contains object.filter object.remove object.union regex.match
        semver.compare split startswith strings.any_prefix_match strings.any_suffix_match time.diff trim trim_left
        trim_prefix trim_right trim_suffix walk""",
    3: "array.slice glob.match object.get regex.find_n regex.replace replace substring",
    4: "time.add_date",
}

_ADDED_BY_ARITY: Final = {
    1: "array.flatten crypto.md5 crypto.sha1 crypto.sha256 io.jwt.decode net.cidr_merge",
    2: """crypto.hmac.equal crypto.hmac.md5 crypto.hmac.sha1 crypto.hmac.sha256 crypto.hmac.sha512 io.jwt.decode_verify
        io.jwt.verify_eddsa io.jwt.verify_es256 io.jwt.verify_es384 io.jwt.verify_es512 io.jwt.verify_hs256
        io.jwt.verify_hs384 io.jwt.verify_hs512 io.jwt.verify_ps256 io.jwt.verify_ps384 io.jwt.verify_ps512
        io.jwt.verify_rs256 io.jwt.verify_rs384 io.jwt.verify_rs512 net.cidr_intersects""",
}


def _flat(table: Mapping[int, str]) -> dict[str, int]:
    return {name: arity for arity, names in table.items() for name in names.split()}


ADDED: Final = _flat(_ADDED_BY_ARITY)
"""The functions among them that the engine lacks; `extensions` has them."""

BUILTINS: Final = _flat(_BY_ARITY) | ADDED
"""Name to number of arguments. `walk(x, [path, value])` is a relation; the engine gives nothing for `:= walk(x)`."""

_NOT_A_FUNCTION: Final = "its result depends on more than its arguments, so a decision could not be decided again"
_UNBOUNDED: Final = "its result can be as large as a number in the input says"
_DIFFERENT: Final = "the engine computes something else than OPA"
_BREAKING: Final = "the engine breaks down on some arguments"
_MISSING: Final = "the engine lacks it"
_DEBUGGING: Final = "it is for debugging"

LEFT_OUT: Final = {
    "bits.lsh": _UNBOUNDED,
    "bits.rsh": "`bits.lsh` is left out, and a policy that needs one needs both",
    "crypto.parse_private_keys": "a policy has no business with private keys",
    "crypto.x509.*": _MISSING,
    "glob.quote_meta": _DIFFERENT,
    "graph.reachable_paths": _DIFFERENT,
    "graphql.*": _MISSING,
    "http.send": _NOT_A_FUNCTION,
    "io.jwt.encode_sign": "a policy has no business with private keys",
    "io.jwt.encode_sign_raw": "a policy has no business with private keys",
    "json.match_schema": _DIFFERENT,
    "json.verify_schema": _DIFFERENT,
    "net.cidr_contains_matches": _MISSING,
    "net.cidr_expand": _UNBOUNDED,
    "net.lookup_ip_addr": _NOT_A_FUNCTION,
    "numbers.range": _UNBOUNDED,
    "numbers.range_step": _UNBOUNDED,
    "object.subset": _BREAKING,
    "opa.runtime": _NOT_A_FUNCTION,
    "print": _DEBUGGING,
    "rand.intn": _NOT_A_FUNCTION,
    "regex.find_all_string_submatch_n": "`regex.find_n` does for facts; it is not compared with OPA",
    "regex.globs_match": _MISSING,
    "regex.split": _DIFFERENT,
    "regex.template_match": _DIFFERENT,
    "rego.metadata.*": f"{_MISSING}; METADATA is in `data.rules`",
    "rego.parse_module": _MISSING,
    "sprintf": _DIFFERENT,
    "strings.count": _DIFFERENT,
    "strings.render_template": _MISSING,
    "strings.replace_n": _DIFFERENT,
    "strings.split_n": _MISSING,
    "time.format": "text for people is not made in a policy",
    "time.now_ns": f"{_NOT_A_FUNCTION}; the time is `input.environment.time`",
    "time.parse_ns": f"{_BREAKING}; `time.parse_rfc3339_ns` does not",
    "trace": _DEBUGGING,
    "urlquery.*": _DIFFERENT,
    "uuid.*": _NOT_A_FUNCTION,
    "yaml.*": f"{_DIFFERENT} (YAML 1.2, not 1.1)",
}
"""Functions of OPA that a policy may not call, and why."""

DIFFERENCES: Final = {
    "array.flatten": "wants JSON values; a set in the array is an error",
    "base64.is_valid, json.is_valid, net.cidr_is_valid, semver.is_valid": "of what is no text are an error, not false",
    "base64url.decode": "bits at the end that mean nothing are an error",
    "ceil, floor": "of a negative fraction are right: `ceil(-0.5)` is 0, and 1 in OPA",
    "count": "a character beyond the basic plane counts as two",
    "indexof, indexof_n": "find an empty text everywhere; an error in OPA",
    "io.jwt.decode": "base64 with padding, names that stand twice and numbers beyond 2^53-1 are errors",
    "io.jwt.decode_verify": "wants `time`; a key of RSA has at least 2048 bits; the curve is the algorithm's own",
    "io.jwt.verify_*": "false where the header names another algorithm or critical extensions",
    "json.filter, json.remove": "a path begins without `/`; admission refuses one that does",
    "json.marshal": "does not write `<`, `>` and `&` as escapes; a digest of it is another one",
    "lower, upper": "by Unicode's full mapping: `ß` becomes `SS`",
    "net.cidr_merge": "an address without the length of its prefix is an error; IPv4 and IPv6 in one list stay apart, "
    "where OPA drops networks or breaks down",
    "product, sum": "of fractions are binary: `sum([0.1, 0.2])` is not 0.3, as `0.1 + 0.2` is not",
    "regex.*": "the syntax of Rust's regular expressions: a brace that begins no repetition is an error",
    "sort": "orders sets before objects",
    "substring": "of a fraction of a character is empty; an error in OPA",
    "time.add_date": "31 January and a month is 29 February, 2 March in OPA; 29 February and a year is undefined, "
    "1 March in OPA",
    "time.parse_duration_ns": "has no days",
    "to_number": "takes spaces around a number",
    "units.parse, units.parse_bytes": "take `.` for 0; half a byte is rounded up",
    "walk": "is a relation: `walk(x, [path, value])`",
}
"""Where a function that a policy may call is not what OPA has under the same name."""


def document() -> str:
    """Return the page about functions, in Markdown."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# Functions"
    yield ""
    yield (
        "Which functions of Rego a policy may call, with how many arguments. This page is made by "
        "`python -m app.pdp.builtins > docs/builtins.md`; admission refuses every other function, and every other "
        "number of arguments. A function that is *added* is one the engine lacks and this service brings."
    )
    yield ""
    yield "| function | arguments | |"
    yield "|---|---|---|"
    for name, arity in sorted(BUILTINS.items()):
        yield f"| `{name}` | {arity} | {'added' if name in ADDED else ''} |"
    yield ""
    yield from _table("Where they differ from OPA", "difference", DIFFERENCES)
    yield (
        "Where a function is given what it is not made for, the rule fails, and the decision is a deny with the "
        "diagnostic `evaluation_failed`. OPA leaves the rule undefined unless it is told to be strict."
    )
    yield ""
    yield from _table("Left out", "why", LEFT_OUT)


def _table(heading: str, column: str, rows: Mapping[str, str]) -> Iterator[str]:
    yield f"## {heading}"
    yield ""
    yield f"| function | {column} |"
    yield "|---|---|"
    for names, text in rows.items():
        yield f"| {', '.join(f'`{name}`' for name in names.split(', '))} | {text} |"
    yield ""


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201 - the document is its output
