package policies.comment_test

import rego.v1

import data.policies.comment

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
	"subject": {"type": "officer", "id": "ofc-1", "properties": {"groups": ["auditors"]}},
	"action": {"name": "policies.comment"},
	"resource": {"type": "change_request", "id": "cr-7", "properties": {"status": "open"}},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := comment.decision with input as object.union(golden, change) with data.roles as table
}

failed(change) := decision_on(change).failed

test_an_auditor_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == comment.required
	decision.failed == set()
	decision.obligations == []
}

test_no_facts_no_comment if not comment.decision.allow with input as {"action": {"name": "policies.comment"}}

# authorised

test_roles_that_may_comment if {
	every group in ["auditors", "authors", "cisos", "compliance", "admins", "security"] {
		failed({"subject": {"properties": {"groups": [group]}}}) == set()
	}
}

test_roles_that_may_not_comment if {
	every groups in [[], ["cooks"]] {
		failed({"subject": {"properties": {"groups": groups}}}) == {"authorised"}
	}
}

# open

test_what_has_ended_is_not_commented if {
	every status in ["merged", "withdrawn", "superseded"] {
		failed({"resource": {"properties": {"status": status}}}) == {"open"}
	}
}
