package policies.open_change_test

import rego.v1

import data.policies.open_change

table := {"officer": {
	"auditors": ["auditor"],
	"authors": ["policy_author"],
	"cisos": ["ciso"],
	"cooks": ["cook"],
	"compliance": ["compliance_officer"],
	"admins": ["policy_admin"],
	"security": ["security_officer"],
}}

golden := {
	"subject": {"type": "officer", "id": "ofc-1", "properties": {"groups": ["authors"]}},
	"action": {"name": "policies.open_change"},
	"resource": {
		"type": "branch",
		"id": "change/coverage",
		"properties": {"source": "branch", "protected": false, "exists": true, "continues": true, "files": 1},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := open_change.decision with input as object.union(golden, change) with data.roles as table
}

failed(change) := decision_on(change).failed

branch(facts) := failed({"resource": {"properties": facts}})

test_an_author_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == open_change.required
	decision.failed == set()
	decision.obligations == []
}

test_no_facts_no_request if {
	not open_change.decision.allow with input as {"action": {"name": "policies.open_change"}}
}

# authorised

test_roles_that_may_propose if {
	every group in ["authors", "cisos", "compliance", "admins", "security"] {
		failed({"subject": {"properties": {"groups": [group]}}}) == set()
	}
}

test_roles_that_may_not_propose if {
	every groups in [[], ["auditors"], ["cooks", "auditors"]] {
		failed({"subject": {"properties": {"groups": groups}}}) == {"authorised"}
	}
}

test_a_job_may_propose if {
	failed({"subject": {"type": "job", "id": "drift", "properties": {"groups": []}}}) == set()
}

test_somebody_who_is_neither if {
	also := object.union(table, {"visitor": table.officer})
	decision := open_change.decision with input as object.union(golden, {"subject": {"type": "visitor"}})
		with data.roles as also
	decision.failed == {"authorised"}
}

# not_protected

test_the_protected_branch_is_no_proposal if branch({"protected": true}) == {"not_protected"}

# proposable

test_a_branch_that_is_not_there if branch({"exists": false}) == {"proposable"}

test_a_branch_that_begins_elsewhere if branch({"continues": false}) == {"proposable"}

test_a_branch_that_changes_nothing if branch({"files": 0}) == {"proposable"}

test_a_patch_makes_its_branch if {
	branch({"source": "patch", "exists": false, "continues": false, "files": 0}) == set()
	branch({"source": "patch", "exists": true}) == {"proposable"}
}
