package policies.activate_test

import rego.v1

import data.policies.activate

limits := {"change_window": "nights", "min_signers": 2}

windows := {
	"freezes": [],
	"windows": {"nights": {
		"zone": "UTC",
		"allow": [{"days": ["Sunday"], "from": "00:00", "to": "06:00"}],
		"deny": [],
		"freezes": [],
	}},
}

table := {"officer": {"admins": ["policy_admin"], "authors": ["policy_author"]}}

golden := {
	"subject": {"type": "officer", "id": "ofc-51", "properties": {"groups": ["admins"]}},
	"action": {"name": "policies.activate"},
	"resource": {
		"type": "commit",
		"id": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
		"properties": {
			"tree": "c3cd5f7e0a7f1c1b3f3a0f6a3a1f6c2b9f1d2e3a",
			"verified": true,
			"on_branch": true,
			"tested": true,
			"approval": "none",
			"signers": ["alice@example.org", "bob@example.org"],
		},
	},
	"context": {},
	"environment": {"time": "2026-11-22T03:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := activate.decision with input as object.union(golden, change)
		with data.roles as table
		with data.change_windows as windows
		with data.thresholds.policies.activate as limits
}

of(facts) := decision_on({"resource": {"properties": facts}}).failed

test_a_good_commit_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == activate.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.policies.activate
	object.keys(shipped) == object.keys(limits)
	shipped.min_signers >= 2
	data.change_windows.windows[shipped.change_window]
}

test_missing_limits_close if {
	decision := activate.decision with input as golden
		with data.roles as table
		with data.change_windows as windows
		with data.thresholds as {}
	decision.failed == {"approved", "in_change_window"}
}

test_each_of_these_alone_denies if {
	every facts in [{"verified": false}, {"on_branch": false}, {"tested": false}, {"signers": []}] {
		decision_on({"resource": {"properties": facts}}).allow == false
	}
}

# authorised

test_the_node_itself_may if {
	decision_on({"subject": {"type": "job", "id": "node", "properties": {"groups": []}}}).failed == set()
}

test_another_job_may_not if {
	decision_on({"subject": {"type": "job", "id": "drift", "properties": {"groups": []}}}).failed == {"authorised"}
}

test_an_officer_who_is_called_as_the_node_may_not if {
	decision_on({"subject": {"id": "node", "properties": {"groups": []}}}).failed == {"authorised"}
}

test_who_writes_policies_does_not_put_them_in_force if {
	decision_on({"subject": {"properties": {"groups": ["authors"]}}}).failed == {"authorised"}
}

# verified, on_branch, tested

test_a_history_that_is_not_verified if of({"verified": false}) == {"verified"}

test_a_commit_of_another_branch if of({"on_branch": false}) == {"on_branch"}

test_policies_that_are_not_admitted if of({"tested": false}) == {"tested"}

# approved

test_signed_by_one_alone if of({"signers": ["alice@example.org"]}) == {"approved"}

test_signed_twice_by_one if of({"signers": ["alice@example.org", "Alice@example.org"]}) == {"approved"}

test_merged_by_the_service if of({"signers": ["alice@example.org"], "approval": "merged"}) == set()

test_in_force_before if of({"signers": [], "approval": "activated"}) == set()

test_the_first_of_all if of({"signers": ["alice@example.org"], "approval": "first"}) == set()

# in_change_window

test_the_window_ends if {
	decision_on({"environment": {"time": "2026-11-22T05:59:59Z"}}).failed == set()
	decision_on({"environment": {"time": "2026-11-22T06:00:00Z"}}).failed == {"in_change_window"}
}
