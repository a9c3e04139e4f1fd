package dsr.view_test

import rego.v1

import data.dsr.view

table := {"officer": {
	"privacy": ["privacy_officer"],
	"protection": ["data_protection_officer"],
	"compliance": ["compliance_officer"],
	"auditors": ["auditor"],
	"cisos": ["ciso"],
	"admins": ["policy_admin"],
	"security": ["security_officer"],
}}

golden := {
	"subject": {"type": "officer", "id": "ofc-1", "properties": {"groups": ["privacy"], "second_factor": true}},
	"action": {"name": "dsr.view"},
	"resource": {"type": "dsr_queue", "id": "requests", "properties": {}},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := view.decision with input as object.union(golden, change) with data.roles as table
}

failed(change) := decision_on(change).failed

own(facts) := {"subject": {"properties": facts}}

job(name) := {"subject": {"type": "job", "id": name, "properties": {"groups": [], "second_factor": false}}}

test_an_officer_looks if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == view.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["dsr.view"] {
		rule.enforcement == "blocking"
	}
}

test_every_role_that_may if {
	every group in ["privacy", "protection", "compliance"] {
		failed(own({"groups": [group]})) == set()
	}
}

test_roles_that_may_not if {
	every group in ["auditors", "cisos", "admins", "security"] {
		failed(own({"groups": [group]})) == {"authorised"}
	}
}

test_a_visitor if {
	visitor := {"type": "visitor", "id": "visitor", "properties": {"groups": [], "second_factor": false}}
	failed({"subject": visitor}) == {"authorised", "second_factor"}
}

test_the_node if {
	failed(job("node")) == set()
	failed(job("drift")) == {"authorised", "second_factor"}
	failed({"subject": {"id": "node", "properties": {"groups": []}}}) == {"authorised"}
}

test_a_session_without_a_second_factor if failed(own({"second_factor": false})) == {"second_factor"}
