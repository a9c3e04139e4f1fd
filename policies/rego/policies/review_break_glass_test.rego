package policies.review_break_glass_test

import rego.v1

import data.policies.review_break_glass

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
				"compliance",
			],
			"second_factor": true,
		},
	},
	"action": {
		"name": "policies.review_break_glass",
	},
	"resource": {
		"type": "override",
		"id": "ovr-1",
		"properties": {
			"action": "shop.sell",
			"gate": "ripe",
			"open": true,
			"by": "ofc-1",
		},
	},
	"context": {
		"role": "compliance_officer",
		"justified": true,
		"reason": "the window was too narrow",
	},
	"environment": {
		"time": "2026-11-22T14:00:00Z",
		"tenant": "default",
		"caller": "control",
	},
}

decision_on(change) := decision if {
	decision := review_break_glass.decision with input as object.union(golden, change)
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
	decision.passed == review_break_glass.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["policies.review_break_glass"] {
		rule.enforcement == "blocking"
	}
}

# authorised

test_a_role_that_the_subject_does_not_hold if {
	failed(own({"groups": ["cisos"]})) == {"authorised"}
	failed(own({"groups": []})) == {"authorised"}
}

test_a_role_that_policy_does_not_list if {
	failed(object.union(own({"groups": ["security"]}), context({"role": "security_officer"}))) == {"authorised"}
}

test_a_gate_that_cannot_be_overridden if {
	failed(facts({"gate": "weighed"})) == {"authorised"}
	failed(facts({"action": "shop.buy"})) == {"authorised"}
}

test_what_was_not_justified_is_reviewed_too if failed(context({"justified": false})) == set()

# open

test_it_was_reviewed if failed(facts({"open": false})) == {"open"}

# not_own

test_nobody_reviews_what_they_broke if {
	failed(facts({"by": "ofc-3"})) == {"not_own"}
	failed(facts({"by": "OFC-3"})) == {"not_own"}
}

# second_factor

test_a_session_without_a_second_factor if failed(own({"second_factor": false})) == {"second_factor"}
