package policies.request_override_test

import rego.v1

import data.policies.request_override

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
				"authors",
			],
			"second_factor": true,
		},
	},
	"action": {
		"name": "policies.request_override",
	},
	"resource": {
		"type": "override",
		"id": "ovr-1",
		"properties": {
			"running": false,
		},
	},
	"context": {
		"action": "shop.sell",
		"gate": "ripe",
		"hours": 24,
		"uses": 10,
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
	decision := request_override.decision with input as object.union(golden, change)
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
	decision.passed == request_override.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["policies.request_override"] {
		rule.enforcement == "blocking"
	}
}

# authorised

test_each_role_that_may_ask if {
	every group in ["authors", "cisos", "compliance", "admins", "security"] {
		failed(own({"groups": [group]})) == set()
	}
}

test_nobody_else_asks if {
	failed(own({"groups": ["auditors"]})) == {"authorised"}
	failed(own({"groups": []})) == {"authorised"}
}

# overridable, within_limits

test_a_gate_that_cannot_be_overridden if {
	failed(context({"gate": "weighed"})) == {"overridable", "within_limits"}
	failed(context({"action": "shop.buy"})) == {"overridable", "within_limits"}
}

test_a_gate_that_one_role_alone_may_approve if {
	one := object.union(overrides, {"approvers": {"shop.sell": {"ripe": ["ciso"]}}})
	decision := request_override.decision with input as golden with data.roles as table with data.overrides as one
	decision.failed == {"overridable"}
}

test_an_hour_too_much if failed(context({"hours": 25})) == {"within_limits"}

test_a_use_too_much if failed(context({"uses": 11})) == {"within_limits"}

limited(limits) := decision.failed if {
	decision := request_override.decision with input as golden
		with data.roles as table
		with data.overrides as object.union(overrides, limits)
}

test_a_limit_that_is_no_number_is_none if {
	every limit in ["24", null, {}] {
		limited({"max_duration_hours": {"shop.sell": {"ripe": limit}}}) == {"within_limits"}
		limited({"max_uses": {"shop.sell": {"ripe": limit}}}) == {"within_limits"}
	}
}

# not_running

test_one_of_the_same_scope_is_running if failed(facts({"running": true})) == {"not_running"}

# second_factor

test_a_session_without_a_second_factor if failed(own({"second_factor": false})) == {"second_factor"}
