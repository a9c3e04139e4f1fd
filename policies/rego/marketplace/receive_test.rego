package marketplace.receive_test

import rego.v1

import data.marketplace.receive

limits := {"providers": ["stripe"], "tolerance_seconds": 300}

golden := {
	"subject": {"type": "visitor", "id": "visitor", "properties": {}},
	"action": {"name": "marketplace.receive"},
	"resource": {
		"type": "payment_event",
		"id": "stripe/evt_1",
		"properties": {"provider": "stripe", "signature": {"verified": true, "age_seconds": 2}},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(facts) := decision if {
	decision := receive.decision with input as object.union(golden, {"resource": {"properties": facts}})
		with data.thresholds.marketplace.receive as limits
}

failed(facts) := decision_on(facts).failed

test_a_good_event_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == receive.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.receive
	object.keys(shipped) == object.keys(limits)
	is_number(shipped.tolerance_seconds)
	is_array(shipped.providers)
}

test_without_limits_nothing_is_within_them if {
	decision := receive.decision with input as golden with data.thresholds as {}
	decision.failed == {"fresh", "provider_known"}
}

test_a_signature_that_is_not_the_providers if failed({"signature": {"verified": false}}) == {"verified"}

test_a_provider_that_is_not_known if failed({"provider": "another"}) == {"provider_known"}

test_as_old_as_may_be if failed({"signature": {"age_seconds": 300}}) == set()

test_a_second_older if failed({"signature": {"age_seconds": 301}}) == {"fresh"}

test_as_far_ahead_as_may_be if failed({"signature": {"age_seconds": -300}}) == set()

test_a_second_further if failed({"signature": {"age_seconds": -301}}) == {"fresh"}
