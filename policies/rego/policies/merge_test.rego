package policies.merge_test

import rego.v1

import data.policies.merge

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

compliance := {"person": "ofc-2", "role": "compliance_officer", "tree": "aa"}

security := {"person": "ofc-3", "role": "security_officer", "tree": "aa"}

golden := {
	"subject": {"type": "officer", "id": "ofc-1", "properties": {"groups": ["authors"], "second_factor": true}},
	"action": {"name": "policies.merge"},
	"resource": {
		"type": "change_request",
		"id": "cr-7",
		"properties": {
			"status": "approved",
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
			"demands": [{"roles": ["compliance_officer", "security_officer"], "quorum": 2, "distinct_roles": 2}],
			"approvals": [compliance, security],
		},
	},
	"context": {"tree": "aa"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(given) := decision if {
	decision := merge.decision with input as object.union(golden, given)
		with data.roles as table
		with data.thresholds as limits
}

failed(given) := decision_on(given).failed

change(facts) := failed({"resource": {"properties": facts}})

test_a_good_merge_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == merge.required
	decision.failed == set()
	decision.obligations == []
}

test_no_facts_no_merge if not merge.decision.allow with input as {"action": {"name": "policies.merge"}}

test_without_limits_nothing_is_checked if {
	decision := merge.decision with input as golden with data.roles as table with data.thresholds as {}
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

# authorised

test_roles_that_may_merge if {
	every group in ["authors", "cisos", "compliance", "admins", "security"] {
		failed({"subject": {"properties": {"groups": [group]}}}) == set()
	}
}

test_roles_that_may_not_merge if {
	every groups in [[], ["auditors"], ["cooks"]] {
		failed({"subject": {"properties": {"groups": groups}}}) == {"authorised"}
	}
}

# at_base

test_the_protected_branch_has_gone_on if change({"tip": "b9"}) == {"at_base"}

test_it_was_pushed_before_and_not_written_down if change({"tip": "b1"}) == set()

# owned

test_a_path_that_belongs_to_nobody if change({"unowned": 1}) == {"owned"}

# approved

test_nobody_has_to_approve_nothing if change({"demands": []}) == {"approved"}

test_one_approval_is_missing if change({"approvals": [compliance]}) == {"approved"}

test_an_approval_of_another_tree if {
	change({"approvals": [compliance, object.union(security, {"tree": "bb"})]}) == {"approved"}
}

test_an_author_approved if {
	every id in ["ofc-1", "OFC-1", "alice@example.org"] {
		change({"approvals": [compliance, object.union(security, {"person": id})]}) == {"approved"}
	}
}

test_one_person_approved_in_both_roles if {
	change({"approvals": [compliance, object.union(security, {"person": "OFC-2"})]}) == {"approved"}
}

test_every_demand_has_to_be_met if {
	ciso := {"roles": ["ciso"], "quorum": 1, "distinct_roles": 1}
	demands := array.concat(golden.resource.properties.demands, [ciso])
	change({"demands": demands}) == {"approved"}
	third := {"person": "ofc-4", "role": "ciso", "tree": "aa"}
	change({"demands": demands, "approvals": [compliance, security, third]}) == set()
}
