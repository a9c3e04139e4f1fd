package ai_act.view_test

import rego.v1

import data.ai_act.view

table := {"officer": {
	"auditors": ["auditor"],
	"cisos": ["ciso"],
	"compliance": ["compliance_officer"],
	"cooks": ["cook"],
	"security": ["security_officer"],
}}

golden := {
	"subject": {"type": "officer", "id": "ofc-51", "properties": {"groups": ["auditors"]}},
	"action": {"name": "ai_act.view"},
	"resource": {"type": "ai_register", "id": "systems", "properties": {}},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := view.decision with input as object.union(golden, change) with data.roles as table
}

failed(groups) := decision_on({"subject": {"properties": {"groups": groups}}}).failed

test_an_auditor_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == view.required
	decision.failed == set()
	decision.obligations == []
}

# authorised

test_every_reader_may_look if {
	every group in ["auditors", "cisos", "compliance", "security"] {
		failed([group]) == set()
	}
}

test_one_group_of_several_is_enough if failed(["cooks", "security"]) == set()

test_a_role_that_has_nothing_to_do_with_systems if {
	decision := decision_on({"subject": {"properties": {"groups": ["cooks"]}}})
	decision.allow == false
	decision.failed == {"authorised"}
}

test_a_visitor_is_in_no_group if {
	decision_on({"subject": {"type": "visitor", "id": "visitor"}}).failed == {"authorised"}
}
