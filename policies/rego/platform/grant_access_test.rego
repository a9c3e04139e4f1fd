package platform.grant_access_test

import rego.v1

import data.platform.grant_access

limits := {"review_days": 90}

access := {
	"roles": {
		"accountant": ["payouts.create", "payouts.read"],
		"treasurer": ["payouts.approve", "payouts.read"],
	},
	"conflicts": [["payouts.create", "payouts.approve"]],
}

golden := {
	"subject": {
		"type": "user",
		"id": "usr-60",
		"properties": {"tenant": "acme", "roles": ["access_administrator"]},
	},
	"action": {"name": "platform.grant_access"},
	"resource": {
		"type": "account",
		"id": "acc-31",
		"properties": {
			"tenant": "acme",
			"person": "usr-31",
			"role": "treasurer",
			"permissions": ["payouts.read"],
			"reviewed_at": "2026-10-01T08:00:00Z",
		},
	},
	"context": {"permissions": ["payouts.approve"]},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "platform"},
}

decision_on_all(document) := decision if {
	decision := grant_access.decision with input as document
		with data.thresholds.platform.grant_access as limits
		with data.access as access
}

decision_on(change) := decision_on_all(object.union(golden, change))

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

asked(permissions) := decision_on({"context": {"permissions": permissions}}).failed

test_a_good_grant_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == grant_access.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.platform.grant_access
	object.keys(shipped) == object.keys(limits)
	is_number(shipped.review_days)
}

test_the_shipped_roles_and_conflicts_are_what_the_rules_look_into if {
	object.keys(data.access) == {"conflicts", "roles"}
	known := {permission | some permissions in data.access.roles; some permission in permissions}
	every permissions in data.access.roles {
		is_array(permissions)
		count(permissions) > 0
	}
	count(data.access.conflicts) > 0
	every pair in data.access.conflicts {
		is_array(pair)
		count(pair) == 2
		{permission | some permission in pair} - known == set()
	}
}

test_no_shipped_role_unites_what_must_lie_in_different_hands if {
	every permissions in data.access.roles {
		every pair in data.access.conflicts {
			count({permission | some permission in pair; permission in permissions}) < 2
		}
	}
}

test_missing_limits_and_tables_close_their_gates if {
	decision := grant_access.decision with input as golden with data.thresholds as {} with data.access as {}
	decision.failed == {"duties_separated", "least_privilege", "reviewed"}
}

# authorised, own_tenant, not_own

test_somebody_who_is_no_administrator if {
	decision_on({"subject": {"properties": {"roles": ["treasurer"]}}}).failed == {"authorised"}
}

test_the_account_of_another_tenant if failed({"tenant": "globex"}) == {"own_tenant"}

test_nobody_grants_access_to_themselves if {
	failed({"person": "usr-60"}) == {"not_own"}
	failed({"person": "USR-60"}) == {"not_own"}
}

# least_privilege

test_a_permission_that_the_role_does_not_cover if asked(["bank_accounts.write"]) == {"least_privilege"}

test_one_of_two_permissions_is_not_covered if {
	asked(["payouts.approve", "bank_accounts.write"]) == {"least_privilege"}
}

test_a_role_that_is_not_in_the_table if failed({"role": "wizard"}) == {"least_privilege"}

test_nothing_is_asked_for if asked([]) == {"least_privilege"}

# duties_separated

test_the_account_has_the_other_half_already if {
	failed({"permissions": ["payouts.read", "payouts.create"]}) == {"duties_separated"}
}

test_both_halves_are_asked_for_at_once if {
	asked(["payouts.create", "payouts.approve"]) == {"duties_separated", "least_privilege"}
}

test_the_same_permission_once_more if failed({"permissions": ["payouts.approve"]}) == set()

test_what_the_account_has_is_not_known if {
	decision_on_all(json.remove(golden, ["resource/properties/permissions"])).failed == {"duties_separated"}
}

# reviewed

test_access_review_exactly_due if failed({"reviewed_at": "2026-08-24T14:00:00Z"}) == set()

test_access_review_overdue if failed({"reviewed_at": "2026-08-24T13:59:59Z"}) == {"reviewed"}

test_access_review_at_a_time_to_come if failed({"reviewed_at": "2026-11-22T14:00:01Z"}) == {"reviewed"}
