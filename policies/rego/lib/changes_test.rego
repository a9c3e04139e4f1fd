package lib.changes_test

import rego.v1

import data.lib.changes

tree := "aa"

change := {
	"tree": tree,
	"authors": ["ofc-1", "alice@example.org"],
	"checks": [{"name": "tests", "status": "passed", "tree": tree}, {"name": "admission", "status": "passed", "tree": tree}],
	"approvals": [{"person": "ofc-2", "role": "ciso", "tree": tree}, {"person": "ofc-3", "role": "cfo", "tree": tree}],
}

wanted := {"policies": {"change": {"required_checks": ["admission", "tests"]}}}

test_what_is_alive if {
	{status | some status in ["draft", "open", "checked", "approved"]; changes.alive({"status": status})} == {
		"draft",
		"open",
		"checked",
		"approved",
	}
	every status in ["merged", "withdrawn", "superseded", "", null] {
		not changes.alive({"status": status})
	}
}

checked(checks) if {
	changes.checked(object.union(change, {"checks": checks})) with data.thresholds as wanted
}

test_every_wanted_check_has_passed if {
	checked(change.checks)
	checked(array.concat(change.checks, [{"name": "impact", "status": "passed", "tree": "bb"}]))
}

test_a_check_that_is_missing_or_not_passed if {
	not checked([])
	not checked([change.checks[0]])
	every status in ["waiting", "running", "failed"] {
		not checked([change.checks[0], {"name": "admission", "status": status, "tree": tree}])
	}
}

test_a_check_that_nobody_asked_for_has_failed if {
	not checked(array.concat(change.checks, [{"name": "impact", "status": "failed", "tree": tree}]))
}

test_another_check_passed_in_its_place if not checked([change.checks[0], object.union(change.checks[1], {"name": "owners"})])

test_one_check_that_is_wanted if {
	one := {"policies": {"change": {"required_checks": ["tests"]}}}
	changes.checked(change) with data.thresholds as one
	not changes.checked(object.union(change, {"checks": [change.checks[1]]})) with data.thresholds as one
}

test_a_check_of_another_tree if not checked([change.checks[0], object.union(change.checks[1], {"tree": "bb"})])

test_without_a_list_of_checks_nothing_is_checked if not changes.checked(change) with data.thresholds as {}

test_the_shipped_list_names_what_no_merge_goes_without if {
	{name | some name in data.thresholds.policies.change.required_checks} & {"admission", "owners", "tests"} == {
		"admission",
		"owners",
		"tests",
	}
}

test_an_author_is_involved_whatever_the_capitals if {
	changes.uninvolved(change, "ofc-2")
	not changes.uninvolved(change, "ofc-1")
	not changes.uninvolved(change, "OFC-1")
	not changes.uninvolved(change, "Alice@example.org")
}

counted(approvals) := {approval.person |
	some approval in changes.counted(object.union(change, {"approvals": approvals}))
}

test_approvals_that_count if counted(change.approvals) == {"ofc-2", "ofc-3"}

test_an_approval_of_another_tree_counts_for_nothing if {
	counted([change.approvals[0], object.union(change.approvals[1], {"tree": "bb"})]) == {"ofc-2"}
}

test_an_approval_by_an_author_counts_for_nothing if {
	every person in ["ofc-1", "OFC-1", "alice@example.org"] {
		counted([change.approvals[0], object.union(change.approvals[1], {"person": person})]) == {"ofc-2"}
	}
}

test_nobody_counts_in_two_roles if {
	every person in ["ofc-2", "OFC-2"] {
		counted([change.approvals[0], object.union(change.approvals[1], {"person": person})]) == set()
	}
}

test_the_same_role_twice_is_no_contradiction if counted([change.approvals[0], change.approvals[0]]) == {"ofc-2"}

two := {"roles": ["ciso", "cfo"], "quorum": 2, "distinct_roles": 2}

test_a_demand_is_met if {
	changes.met(two, change.approvals)
	changes.met(two, array.concat(change.approvals, [{"person": "ofc-4", "role": "ciso", "tree": tree}]))
}

test_too_few_persons if {
	not changes.met(two, [change.approvals[0]])
	not changes.met(two, [change.approvals[0], object.union(change.approvals[0], {"role": "cfo"})])
	not changes.met(two, [change.approvals[0], {"person": "OFC-2", "role": "cfo", "tree": tree}])
	not changes.met(object.union(two, {"quorum": 3}), change.approvals)
}

test_too_few_roles if {
	not changes.met(two, [change.approvals[0], object.union(change.approvals[0], {"person": "ofc-4"})])
	changes.met(
		object.union(two, {"distinct_roles": 1}),
		[change.approvals[0], object.union(change.approvals[0], {"person": "ofc-4"})],
	)
}

test_a_role_that_nobody_asked_for if {
	not changes.met(two, [change.approvals[0], object.union(change.approvals[1], {"role": "cook"})])
}
