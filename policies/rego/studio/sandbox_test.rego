package studio.sandbox_test

import rego.v1

import data.studio.sandbox

limits := {"max_seconds": 300}

golden := {
	"subject": {"type": "member", "id": "mem-3c11", "properties": {"workspace": "ws-7d20", "role": "editor"}},
	"action": {"name": "studio.sandbox"},
	"resource": {"type": "workflow", "id": "wf-4b1e", "properties": {"workspace": {"id": "ws-7d20"}}},
	"context": {
		"isolation": "full",
		"network": "none",
		"production_secrets": 0,
		"data": "mock",
		"timeout_seconds": 120,
	},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "studio"},
}

decision_on(change) := decision if {
	decision := sandbox.decision with input as object.union(golden, change)
		with data.thresholds.studio.sandbox as limits
}

failed(change) := decision_on(change).failed

circumstances(facts) := failed({"context": facts})

member(facts) := {"subject": {"properties": facts}}

test_a_good_trial_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == sandbox.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.studio.sandbox
	object.keys(shipped) == object.keys(limits)
	is_number(shipped.max_seconds)
}

test_a_missing_limit_closes_its_gate if {
	decision := sandbox.decision with input as golden with data.thresholds as {}
	decision.failed == {"time_boxed"}
}

test_no_facts_no_trial if not sandbox.decision.allow with input as {"action": {"name": "studio.sandbox"}}

# authorised

test_an_owner_may_too if failed(member({"role": "owner"})) == set()

test_roles_that_may_not if {
	every role in ["commenter", "viewer", "none"] {
		failed(member({"role": role})) == {"authorised"}
	}
}

test_a_member_of_another_workspace if failed(member({"workspace": "ws-0001"})) == {"authorised"}

# isolated

test_half_an_isolation_is_none if {
	every isolation in ["partial", "none"] {
		circumstances({"isolation": isolation}) == {"isolated"}
	}
}

# no_egress

test_any_network_is_a_way_out if {
	every network in ["restricted", "open"] {
		circumstances({"network": network}) == {"no_egress"}
	}
}

# no_production_secrets

test_one_secret_of_production if circumstances({"production_secrets": 1}) == {"no_production_secrets"}

# test_data

test_redacted_data_will_do if circumstances({"data": "redacted"}) == set()

test_data_of_production if {
	every kind in ["production", "unknown"] {
		circumstances({"data": kind}) == {"test_data"}
	}
}

# time_boxed

test_exactly_five_minutes if circumstances({"timeout_seconds": 300}) == set()

test_a_second_more_than_five_minutes if circumstances({"timeout_seconds": 301}) == {"time_boxed"}

test_a_single_second if circumstances({"timeout_seconds": 1}) == set()

test_no_limit_at_all if circumstances({"timeout_seconds": 0}) == {"time_boxed"}
