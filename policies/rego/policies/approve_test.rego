package policies.approve_test

import rego.v1

import data.policies.approve

table := {"officer": {
	"auditors": ["auditor"],
	"authors": ["policy_author"],
	"cisos": ["ciso"],
	"cooks": ["cook"],
	"compliance": ["compliance_officer"],
	"admins": ["policy_admin"],
	"security": ["security_officer"],
}}

limits := {"policies": {"change": {"required_checks": ["admission", "tests"]}}}

golden := {
	"subject": {"type": "officer", "id": "ofc-3", "properties": {"groups": ["security"], "second_factor": true}},
	"action": {"name": "policies.approve"},
	"resource": {
		"type": "change_request",
		"id": "cr-7",
		"properties": {
			"status": "checked",
			"tree": "aa",
			"base": "b0",
			"head": "b1",
			"branch_head": "b1",
			"tip": "b0",
			"signed": true,
			"checks": [
				{"name": "admission", "status": "passed", "tree": "aa"},
				{"name": "tests", "status": "passed", "tree": "aa"},
			],
			"authors": ["ofc-1", "alice@example.org"],
			"strangers": 0,
			"unowned": 0,
			"listed": true,
			"demands": [{"roles": ["compliance_officer", "security_officer"], "quorum": 2, "distinct_roles": 2}],
			"approvals": [{"person": "ofc-2", "role": "compliance_officer", "tree": "aa"}],
		},
	},
	"context": {"tree": "aa", "role": "security_officer"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(given) := decision if {
	decision := approve.decision with input as object.union(golden, given)
		with data.roles as table
		with data.thresholds as limits
}

failed(given) := decision_on(given).failed

change(facts) := failed({"resource": {"properties": facts}})

test_a_good_approval_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == approve.required
	decision.failed == set()
	decision.obligations == []
}

test_no_facts_no_approval if not approve.decision.allow with input as {"action": {"name": "policies.approve"}}

test_without_limits_nothing_is_checked if {
	decision := approve.decision with input as golden with data.roles as table with data.thresholds as {}
	decision.failed == {"checked"}
}

# what was proved of the change

test_a_branch_that_moved if change({"branch_head": "b2"}) == {"unmoved"}

test_a_check_that_has_not_passed if {
	change({"checks": [golden.resource.properties.checks[0]]}) == {"checked"}
	change({"checks": [
		golden.resource.properties.checks[0],
		{"name": "tests", "status": "failed", "tree": "aa"},
	]}) == {"checked"}
}

test_a_commit_that_nobody_signed if change({"signed": false}) == {"signed"}

test_an_author_whom_nobody_knows if change({"strangers": 1}) == {"authors_known"}

test_without_a_second_factor if failed({"subject": {"properties": {"second_factor": false}}}) == {"second_factor"}

test_another_tree_was_shown if failed({"context": {"tree": "bb"}}) == {"tree_seen"}

test_what_has_ended if {
	every status in ["merged", "withdrawn", "superseded"] {
		change({"status": status}) == {"open"}
	}
}

# authorised, role_wanted

test_a_role_that_is_not_held if failed({"subject": {"properties": {"groups": ["admins"]}}}) == {"authorised"}

test_a_role_that_nobody_asked_for if {
	failed({"subject": {"properties": {"groups": ["cisos"]}}, "context": {"role": "ciso"}}) == {"role_wanted"}
	change({"demands": []}) == {"role_wanted"}
}

test_one_of_several_demands_is_enough if {
	others := {"roles": ["ciso"], "quorum": 1, "distinct_roles": 1}
	change({"demands": array.concat([others], golden.resource.properties.demands)}) == set()
}

# not_author, not_twice

test_an_author_in_every_disguise if {
	every id in ["ofc-1", "OFC-1", "alice@example.org", "Alice@Example.org"] {
		failed({"subject": {"id": id}}) == {"not_author"}
	}
}

test_an_approver_whom_nobody_knows if change({"listed": false}) == {"approver_known"}

test_nobody_approves_twice if {
	every id in ["ofc-2", "OFC-2"] {
		failed({"subject": {"id": id}}) == {"not_twice"}
	}
}

test_the_first_approval if change({"approvals": []}) == set()
