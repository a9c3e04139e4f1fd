package policies.approve_override_test

import rego.v1

import data.policies.approve_override

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
				"cisos",
			],
			"second_factor": true,
		},
	},
	"action": {
		"name": "policies.approve_override",
	},
	"resource": {
		"type": "override",
		"id": "ovr-1",
		"properties": {
			"action": "shop.sell",
			"gate": "ripe",
			"open": true,
			"by": "ofc-1",
			"user": "mem-9",
			"approvals": [
				{
					"person": "ofc-2",
					"role": "compliance_officer",
				},
			],
			"earlier": [],
		},
	},
	"context": {
		"role": "ciso",
	},
	"environment": {
		"time": "2026-11-22T14:00:00Z",
		"tenant": "default",
		"caller": "control",
	},
}

decision_on(change) := decision if {
	decision := approve_override.decision with input as object.union(golden, change)
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
	decision.passed == approve_override.required
	decision.failed == set()
	decision.obligations == []
}

test_every_gate_blocks if {
	every rule in data.rules["policies.approve_override"] {
		rule.enforcement == "blocking"
	}
}

# authorised

test_a_role_that_the_subject_does_not_hold if {
	failed(own({"groups": ["compliance"]})) == {"authorised"}
	failed(own({"groups": []})) == {"authorised"}
}

test_a_role_that_policy_does_not_list if {
	security := object.union(own({"groups": ["security"]}), context({"role": "security_officer"}))
	failed(security) == {"authorised"}
}

test_a_gate_that_cannot_be_overridden if {
	failed(facts({"gate": "weighed"})) == {"authorised"}
	failed(facts({"action": "shop.buy"})) == {"authorised"}
}

# open

test_it_does_not_wait_any_more if failed(facts({"open": false})) == {"open"}

# not_own

test_nobody_approves_what_they_asked_for if {
	failed(facts({"by": "ofc-3"})) == {"not_own"}
	failed(facts({"by": "OFC-3"})) == {"not_own"}
}

test_nobody_approves_what_they_would_use if {
	failed(facts({"user": "ofc-3"})) == {"not_own"}
	failed(facts({"user": "Ofc-3"})) == {"not_own"}
}

# another_person, another_role

test_nobody_approves_twice if {
	every person in ["ofc-3", "OFC-3"] {
		failed(facts({"approvals": [{"person": person, "role": "compliance_officer"}]})) == {"another_person"}
	}
}

test_two_persons_in_one_role if failed(facts({"approvals": [{"person": "ofc-2", "role": "ciso"}]})) == {"another_role"}

test_the_first_approval if failed(facts({"approvals": []})) == set()

# no_silent_renewal

renewed(person, ended) := failed(facts({"earlier": [
	{"person": "ofc-2", "ended_at": "2026-11-22T13:00:00Z"},
	{"person": person, "ended_at": ended},
]}))

test_the_same_person_does_not_approve_again_within_the_gap if {
	renewed("ofc-3", "2026-11-21T14:00:01Z") == {"no_silent_renewal"}
	renewed("OFC-3", "2026-11-22T14:00:00Z") == {"no_silent_renewal"}
}

test_after_the_gap_anybody_may if renewed("ofc-3", "2026-11-21T14:00:00Z") == set()

test_without_a_gap_in_the_data_nobody_approves_again if {
	earlier := [{"person": "ofc-3", "ended_at": "2020-11-22T14:00:00Z"}]
	every gap in [null, "24"] {
		asked := object.union(golden, facts({"earlier": earlier}))
		decision := approve_override.decision with input as asked
			with data.roles as table
			with data.overrides as object.union(overrides, {"gap_hours": gap})
		decision.failed == {"no_silent_renewal"}
	}
}

# second_factor

test_a_session_without_a_second_factor if failed(own({"second_factor": false})) == {"second_factor"}
