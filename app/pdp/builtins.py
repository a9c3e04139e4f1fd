"""The functions of Rego that a policy may call, with their number of arguments.

Left out on purpose: what is not the same function of its input everywhere and always (time.now_ns, rand, uuid,
opa.runtime, http.send, net.lookup_ip_addr), what the engine computes differently from OPA (strings.count,
strings.replace_n, sprintf, graph.reachable_paths, json.match_schema), what it lacks (crypto, io.jwt, graphql), what can
grow without bound (numbers.range, bits.lsh, net.cidr_expand), and what is for debugging (print, trace).
"""

from typing import Final

_BY_ARITY: Final = {
    0: "set",
    1: """abs array.reverse base64.decode base64.encode base64.is_valid base64url.decode base64url.encode
        base64url.encode_no_pad bits.negate ceil count floor glob.quote_meta hex.decode hex.encode intersection is_array
        is_boolean is_null is_number is_object is_set is_string json.is_valid json.marshal json.unmarshal lower max min
        net.cidr_is_valid object.keys object.union_n product regex.is_valid round semver.is_valid sort strings.reverse
        sum time.clock time.date time.parse_duration_ns time.parse_rfc3339_ns time.weekday to_number trim_space
        type_name union units.parse units.parse_bytes upper urlquery.decode urlquery.encode""",
    2: """array.concat bits.and bits.or bits.xor concat contains endswith format_int graph.reachable indexof indexof_n
        json.filter json.patch json.remove net.cidr_contains object.filter object.remove object.subset object.union
        regex.match regex.split semver.compare split startswith strings.any_prefix_match strings.any_suffix_match
        time.diff time.parse_ns trim trim_left trim_prefix trim_right trim_suffix walk""",
    3: "array.slice glob.match object.get regex.find_n regex.replace replace substring",
    4: "regex.template_match time.add_date",
}

BUILTINS: Final = {name: arity for arity, names in _BY_ARITY.items() for name in names.split()}
"""Name to number of arguments. `walk(x, [path, value])` is a relation; the engine gives nothing for `:= walk(x)`."""
