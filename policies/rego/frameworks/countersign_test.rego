package frameworks.countersign_test

import rego.v1

import data.frameworks.countersign

table := {"officer": {
	"authors": ["policy_author"],
	"cisos": ["ciso"],
	"compliance": ["compliance_officer"],
	"admins": ["policy_admin"],
	"security": ["security_officer"],
	"auditors": ["auditor"],
	"cooks": ["cook"],
}}

golden := {
	"subject": {"type": "officer", "id": "ofc-1", "properties": {"groups": ["cisos"], "second_factor": true}},
	"action": {"name": "frameworks.countersign"},
	"resource": {"type": "control_test", "id": "access-review/attested", "properties": {"waiting": true, "second_role": "ciso", "by": "ofc-9"}},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := countersign.decision with input as object.union(golden, change)
		with data.roles as table
}

failed(change) := decision_on(change).failed

own(facts) := {"subject": {"properties": facts}}

facts(change) := {"resource": {"properties": change}}

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == countersign.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["frameworks.countersign"] {
		rule.enforcement == "blocking"
	}
}

# waiting

test_nothing_waits if failed(facts({"waiting": false})) == {"waiting"}

# authorised

test_a_role_that_the_test_does_not_want if {
	failed(own({"groups": ["security"]})) == {"authorised"}
	failed(own({"groups": []})) == {"authorised"}
}

test_a_test_that_wants_no_second_person if failed(facts({"second_role": ""})) == {"authorised"}

# another

test_nobody_countersigns_what_they_attested if {
	failed(facts({"by": "ofc-1"})) == {"another"}
	failed(facts({"by": "OFC-1"})) == {"another"}
}

test_nobody_has_attested if {
	failed(facts({"by": ""})) == {"another"}
}

# second_factor

test_a_session_without_a_second_factor if failed(own({"second_factor": false})) == {"second_factor"}
