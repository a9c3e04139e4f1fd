package policies.roll_back_test

import rego.v1

import data.policies.roll_back

table := {"officer": {"admins": ["policy_admin"], "authors": ["policy_author"], "cisos": ["ciso"]}}

review := [{"id": "review_roll_back", "type": "review"}]

golden := {
	"subject": {"type": "officer", "id": "ofc-51", "properties": {"groups": ["admins"]}},
	"action": {"name": "policies.roll_back"},
	"resource": {
		"type": "commit",
		"id": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
		"properties": {
			"tree": "c3cd5f7e0a7f1c1b3f3a0f6a3a1f6c2b9f1d2e3a",
			"verified": true,
			"tested": true,
			"approval": "activated",
		},
	},
	"context": {},
	"environment": {"time": "2026-11-24T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := roll_back.decision with input as object.union(golden, change) with data.roles as table
}

of(facts) := decision_on({"resource": {"properties": facts}}).failed

test_what_was_in_force_passes_every_gate_at_any_time_and_is_reviewed if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == roll_back.required
	decision.failed == set()
	decision.obligations == review
}

test_each_of_these_alone_denies if {
	every facts in [{"verified": false}, {"tested": false}, {"approval": "none"}] {
		decision_on({"resource": {"properties": facts}}).allow == false
	}
}

# authorised

test_the_ciso_may if decision_on({"subject": {"properties": {"groups": ["cisos"]}}}).failed == set()

test_the_node_itself_may if {
	decision_on({"subject": {"type": "job", "id": "node", "properties": {"groups": []}}}).failed == set()
}

test_another_job_may_not if {
	decision_on({"subject": {"type": "job", "id": "drift", "properties": {"groups": []}}}).failed == {"authorised"}
}

test_an_officer_who_is_called_as_the_node_may_not if {
	decision_on({"subject": {"id": "node", "properties": {"groups": []}}}).failed == {"authorised"}
}

test_an_author_may_not if {
	decision := decision_on({"subject": {"properties": {"groups": ["authors"]}}})
	decision.failed == {"authorised"}
	decision.obligations == []
}

# activated, verified, tested

test_what_was_never_in_force if {
	every approval in ["none", "merged", "first"] {
		of({"approval": approval}) == {"activated"}
	}
}

test_a_history_that_is_not_verified if of({"verified": false}) == {"verified"}

test_policies_that_are_not_admitted if of({"tested": false}) == {"tested"}
