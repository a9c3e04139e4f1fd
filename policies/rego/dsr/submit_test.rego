package dsr.submit_test

import rego.v1

import data.dsr.submit

golden := {
	"subject": {"type": "visitor", "id": "visitor", "properties": {}},
	"action": {"name": "dsr.submit"},
	"resource": {
		"type": "dsr_request", "id": "dsr-1f",
		"properties": {"kind": "access", "law": "gdpr", "recent": 0, "vouched": false},
	},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := submit.decision with input as object.union(golden, change)
		with data.data_subjects.most_per_day as 5
}

failed(change) := decision_on(change).failed

facts(change) := {"resource": {"properties": change}}

test_anybody_may_ask if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == submit.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["dsr.submit"] {
		rule.enforcement == "blocking"
	}
}

# bounded

test_the_last_of_a_day if {
	failed(facts({"recent": 4})) == set()
	failed(facts({"recent": 5})) == {"bounded"}
}

test_a_limit_that_is_missing if {
	decision := submit.decision with input as golden with data.data_subjects as {}
	decision.failed == {"bounded"}
}

test_the_limit_in_force_is_a_number if is_number(data.data_subjects.most_per_day)

# vouched

test_only_services_vouch if {
	failed(facts({"vouched": true})) == {"vouched"}
	failed(object.union(facts({"vouched": true}), {"subject": {"type": "job", "id": "node"}})) == {"vouched"}
	failed(object.union(facts({"vouched": true}), {"subject": {"type": "service", "id": "studio"}})) == set()
}
