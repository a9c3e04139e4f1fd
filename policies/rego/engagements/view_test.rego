package engagements.view_test

import rego.v1

import data.engagements.view

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
	"subject": {"type": "officer", "id": "ofc-1", "properties": {"groups": ["compliance"]}},
	"action": {"name": "engagements.view"},
	"resource": {"type": "engagements", "id": "engagements/soc2-2026", "properties": {}},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := view.decision with input as object.union(golden, change)
		with data.roles as table
}

failed(change) := decision_on(change).failed

own(facts) := {"subject": {"properties": facts}}

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == view.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["engagements.view"] {
		rule.enforcement == "blocking"
	}
}

# authorised

test_every_reader_may_look if {
	every group in ["auditors", "authors", "cisos", "compliance", "admins", "security"] {
		failed(own({"groups": [group]})) == set()
	}
}

test_a_role_that_has_nothing_to_do_with_controls if failed(own({"groups": ["cooks"]})) == {"authorised"}

test_a_visitor_is_in_no_group if {
	failed({"subject": {"type": "visitor", "id": "visitor", "properties": {"groups": []}}}) == {"authorised"}
}
