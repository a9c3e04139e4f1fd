package policies.withdraw_test

import rego.v1

import data.policies.withdraw

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
	"action": {"name": "policies.withdraw"},
	"resource": {"type": "change_request", "id": "cr-7", "properties": {"status": "checked", "opened_by": "ofc-1"}},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := withdraw.decision with input as object.union(golden, change) with data.roles as table
}

failed(change) := decision_on(change).failed

# Somebody else than who proposed it.
other(groups) := failed({"subject": {"id": "ofc-2", "properties": {"groups": groups}}})

test_whoever_proposed_it_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == withdraw.required
	decision.failed == set()
	decision.obligations == []
}

test_no_facts_no_withdrawal if not withdraw.decision.allow with input as {"action": {"name": "policies.withdraw"}}

# authorised

test_others_who_answer_for_policies if {
	every group in ["compliance", "admins", "security"] {
		other([group]) == set()
	}
}

test_others_who_do_not if {
	every groups in [[], ["authors"], ["cisos", "auditors"]] {
		other(groups) == {"authorised"}
	}
}

test_who_proposed_it_need_hold_no_role_any_more if failed({"subject": {"properties": {"groups": []}}}) == set()

# open

test_what_has_ended_is_not_withdrawn if {
	every status in ["merged", "withdrawn", "superseded"] {
		failed({"resource": {"properties": {"status": status}}}) == {"open"}
	}
}
