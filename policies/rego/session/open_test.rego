package session.open_test

import rego.v1

import data.session.open

table := {"officer": {"auditors": ["auditor"], "guests": []}}

golden := {
	"subject": {"type": "visitor", "id": "visitor", "properties": {}},
	"action": {"name": "session.open"},
	"resource": {
		"type": "officer",
		"id": "ofc-51",
		"properties": {"groups": ["auditors"], "verified": true},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(facts) := decision if {
	decision := open.decision with input as object.union(golden, {"resource": {"properties": facts}})
		with data.roles as table
}

test_an_appointed_officer_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == open.required
	decision.failed == set()
	decision.obligations == []
}

# identified

test_nobody_vouches_for_who_it_is if {
	decision := decision_on({"verified": false})
	decision.allow == false
	decision.failed == {"identified"}
}

# appointed

test_groups_without_a_role if {
	every groups in [[], ["guests"], ["strangers"]] {
		decision := decision_on({"groups": groups})
		decision.allow == false
		decision.failed == {"appointed"}
	}
}

test_one_group_with_a_role_is_enough if decision_on({"groups": ["strangers", "auditors"]}).failed == set()
