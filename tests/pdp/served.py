"""A small bundle that clients of OPA may ask: the shop, and the first policy of OPA's tutorial, as gates."""

import json

from tests.pdp.shop import FILES, SELL

AUTHZ = """# METADATA
# entrypoint: true
# custom:
#   input:
#     subject: {type: user, id: input.user}
#     resource: {type: path, id: input.path}
#     context: input
package http.authz

import rego.v1

import data.lib.gates

required := {"own", "reads"}

# METADATA
# title: the salary is one's own
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3]}
passed contains "own" if input.resource.id == concat("/", ["finance", "salary", input.subject.id])

# METADATA
# title: it is read
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3]}
passed contains "reads" if input.context.method == "GET"

decision := gates.decision("http.authz", required, passed, [])
"""

AUTHZ_TEST = """package http.authz_test

import rego.v1

import data.http.authz

test_read if {
	authz.decision.allow with input as {
		"subject": {"id": "a"},
		"resource": {"id": "finance/salary/a"},
		"context": {"method": "GET"},
	}
}
"""

CONTRACT = {
    "type": "object",
    "required": ["subject", "resource", "context"],
    "properties": {
        "subject": {
            "type": "object",
            "required": ["type", "id"],
            "properties": {"type": {"const": "user"}, "id": {"type": "string", "maxLength": 64}},
        },
        "resource": {
            "type": "object",
            "required": ["type", "id"],
            "properties": {"type": {"const": "path"}, "id": {"type": "string", "maxLength": 256}},
        },
        "context": {
            "type": "object",
            "required": ["method"],
            "properties": {"method": {"type": "string", "maxLength": 8}},
        },
    },
}

SERVERS = {
    "s1": {"name": "app", "ports": ["p1", "p2", "p3"], "protocols": ["https", "ssh"]},
    "s2": {"name": "db", "ports": ["p3"], "protocols": ["mysql"]},
    "s4": {"name": "dev", "ports": ["p1", "p2"], "protocols": ["http"]},
}

CALLERS = {
    "marketplace": {"tenant": "default", "actions": ["shop.*", "http.*"], "subject_types": ["grocer", "user"]},
    "reader": {"tenant": "default", "actions": ["http.*"], "subject_types": ["user"], "explain": True},
}

SERVED = FILES | {
    "rego/shop/sell.rego": f"# METADATA\n# entrypoint: true\n{SELL}",
    "rego/http/authz.rego": AUTHZ,
    "rego/http/authz_test.rego": AUTHZ_TEST,
    "rego/http/authz.schema.json": json.dumps(CONTRACT),
    "data/servers.json": json.dumps(SERVERS),
    "data/callers.json": json.dumps(CALLERS),
}

ALLOWED = {"user": "alice", "path": ["finance", "salary", "alice"], "method": "GET"}
DENIED = ALLOWED | {"user": "bob"}
