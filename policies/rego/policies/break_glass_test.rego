package policies.break_glass_test

import rego.v1

import data.policies.break_glass

overrides := {
	"approvers": {"shop.sell": {"ripe": ["ciso", "compliance_officer"]}},
	"max_duration_hours": {"shop.sell": {"ripe": 24}},
	"max_uses": {"shop.sell": {"ripe": 10}},
	"break_glass": {"shop.sell": {"ripe": ["ciso", "security_officer"]}},
	"break_glass_hours": {"shop.sell": {"ripe": 4}},
	"confirm_minutes": {"shop.sell": {"ripe": 15}},
	"review_hours": 72,
	"gap_hours": 24,
}

table := {"officer": {
	"authors": ["policy_author"],
	"cisos": ["ciso"],
	"compliance": ["compliance_officer"],
	"admins": ["policy_admin"],
	"security": ["security_officer"],
	"auditors": ["auditor"],
}}

golden := {
	"subject": {
		"type": "officer",
		"id": "ofc-3",
		"properties": {
			"groups": [
				"security",
			],
			"second_factor": true,
		},
	},
	"action": {
		"name": "policies.break_glass",
	},
	"resource": {
		"type": "override",
		"id": "ovr-1",
		"properties": {
			"running": false,
			"earlier": [
				"2026-11-21T14:00:00Z",
			],
			"reviews": [
				"2026-11-22T14:00:00Z",
			],
		},
	},
	"context": {
		"action": "shop.sell",
		"gate": "ripe",
		"role": "security_officer",
		"hours": 4,
		"reason": "the harvest would rot",
		"ticket": "INC-7",
	},
	"environment": {
		"time": "2026-11-22T14:00:00Z",
		"tenant": "default",
		"caller": "control",
	},
}

decision_on(change) := decision if {
	decision := break_glass.decision with input as object.union(golden, change)
		with data.roles as table
		with data.overrides as overrides
}

failed(change) := decision_on(change).failed

own(facts) := {"subject": {"properties": facts}}

facts(change) := {"resource": {"properties": change}}

context(change) := {"context": change}

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == break_glass.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["policies.break_glass"] {
		rule.enforcement == "blocking"
	}
}

# authorised

test_a_role_that_the_subject_does_not_hold if {
	failed(own({"groups": ["cisos"]})) == {"authorised"}
	failed(own({"groups": []})) == {"authorised"}
}

test_a_role_that_policy_does_not_list if {
	failed(object.union(own({"groups": ["compliance"]}), context({"role": "compliance_officer"}))) == {"authorised"}
}

test_a_gate_whose_glass_nobody_breaks if {
	failed(context({"gate": "weighed"})) == {"authorised", "within_limits"}
	failed(context({"action": "shop.buy"})) == {"authorised", "within_limits"}
}

# within_limits

test_an_hour_too_much if failed(context({"hours": 5})) == {"within_limits"}

test_a_limit_that_is_no_number_is_none if {
	every limit in ["4", null, {}] {
		decision := break_glass.decision with input as golden
			with data.roles as table
			with data.overrides as object.union(overrides, {"break_glass_hours": {"shop.sell": {"ripe": limit}}})
		decision.failed == {"within_limits"}
	}
}

# not_running

test_one_of_the_same_scope_is_running if failed(facts({"running": true})) == {"not_running"}

# no_silent_renewal

test_the_same_scope_soon_again if {
	failed(facts({"earlier": ["2026-11-01T14:00:00Z", "2026-11-21T14:00:01Z"]})) == {"no_silent_renewal"}
}

test_the_first_one_of_a_scope if failed(facts({"earlier": []})) == set()

# reviews_done

test_an_overdue_review if {
	failed(facts({"reviews": ["2026-11-23T14:00:00Z", "2026-11-22T13:59:59Z"]})) == {"reviews_done"}
}

test_no_reviews if failed(facts({"reviews": []})) == set()

# second_factor

test_a_session_without_a_second_factor if failed(own({"second_factor": false})) == {"second_factor"}
