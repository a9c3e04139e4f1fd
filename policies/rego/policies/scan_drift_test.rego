package policies.scan_drift_test

import rego.v1

import data.policies.scan_drift

table := {
	"officer": {
		"admins": ["policy_admin"],
		"authors": ["policy_author"],
		"cisos": ["ciso"],
		"compliance": ["compliance_officer"],
		"security": ["security_officer"],
	},
	"job": {"security": ["security_officer"]},
}

golden := {
	"subject": {"type": "job", "id": "policies.scan_drift", "properties": {}},
	"action": {"name": "policies.scan_drift"},
	"resource": {"type": "node", "id": "node-1", "properties": {}},
	"context": {"by": "schedule"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := scan_drift.decision with input as object.union(golden, change) with data.roles as table
}

officer(groups) := decision_on({"subject": {
	"type": "officer",
	"id": "ofc-51",
	"properties": {"groups": groups},
}}).failed

test_the_job_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == scan_drift.required
	decision.failed == set()
	decision.obligations == []
}

# authorised

test_every_role_that_watches_over_policies if {
	every group in ["admins", "cisos", "compliance", "security"] {
		officer([group]) == set()
	}
}

test_an_author if officer(["authors"]) == {"authorised"}

test_an_officer_who_is_called_like_the_job if {
	decision := decision_on({"subject": {"type": "officer", "properties": {"groups": []}}})
	decision.allow == false
	decision.failed == {"authorised"}
}

test_another_job if decision_on({"subject": {"id": "payloads.sweep"}}).failed == {"authorised"}
