package policies.revoke_override_test

import rego.v1

import data.policies.revoke_override

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
				"auditors",
			],
		},
	},
	"action": {
		"name": "policies.revoke_override",
	},
	"resource": {
		"type": "override",
		"id": "ovr-1",
		"properties": {
			"open": true,
			"by": "ofc-3",
		},
	},
	"context": {
		"reason": "no longer needed",
	},
	"environment": {
		"time": "2026-11-22T14:00:00Z",
		"tenant": "default",
		"caller": "control",
	},
}

decision_on(change) := decision if {
	decision := revoke_override.decision with input as object.union(golden, change)
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
	decision.passed == revoke_override.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["policies.revoke_override"] {
		rule.enforcement == "blocking"
	}
}

# authorised

test_each_role_that_watches_may if {
	every group in ["cisos", "compliance", "admins", "security"] {
		failed(object.union(own({"groups": [group]}), facts({"by": "ofc-1"}))) == set()
	}
}

test_nobody_else_revokes_what_others_asked_for if {
	failed(facts({"by": "ofc-1"})) == {"authorised"}
	failed(object.union(own({"groups": ["authors"]}), facts({"by": "ofc-1"}))) == {"authorised"}
}

# open

test_it_has_ended if failed(facts({"open": false})) == {"open"}
