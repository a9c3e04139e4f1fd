package marketplace.meter_test

import rego.v1

import data.marketplace.meter

limits := {"clock_skew_minutes": 5, "most_events": 500}

golden := {
	"subject": {"type": "service", "id": "runner", "properties": {"tenant": "default"}},
	"action": {"name": "marketplace.meter"},
	"resource": {
		"type": "usage",
		"id": "usage/default",
		"properties": {"tenants": ["default"], "events": 3, "newest": "2026-11-22T13:59:00Z"},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := meter.decision with input as object.union(golden, change)
		with data.thresholds.marketplace.meter as limits
		with data.roles as {"service": {"runner": ["meter"], "shop": ["consent_reader"]}}
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

test_a_good_batch_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == meter.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.meter
	object.keys(shipped) == object.keys(limits)
	every _, limit in shipped { is_number(limit) }
}

test_without_limits_nothing_is_within_them if {
	decision := meter.decision with input as golden
		with data.thresholds as {}
		with data.roles as {"service": {"runner": ["meter"]}}
	decision.failed == {"small_enough", "timely"}
}

test_a_service_that_does_not_run_agents if decision_on({"subject": {"id": "shop"}}).failed == {"authorised"}

test_a_service_that_nobody_knows if decision_on({"subject": {"id": "acme-ci"}}).failed == {"authorised"}

test_another_tenants_use if failed({"tenants": ["acme"]}) == {"own_tenant"}

test_another_tenants_use_among_ones_own if failed({"tenants": ["default", "acme"]}) == {"own_tenant"}

test_nobodys_use if failed({"tenants": []}) == {"own_tenant"}

test_exactly_as_many_as_may_be if failed({"events": 500}) == set()

test_an_event_too_many if failed({"events": 501}) == {"small_enough"}

test_a_clock_that_is_as_much_ahead_as_may_be if failed({"newest": "2026-11-22T14:05:00Z"}) == set()

test_a_second_more if failed({"newest": "2026-11-22T14:05:01Z"}) == {"timely"}

test_what_happened_long_ago if failed({"newest": "2026-01-01T00:00:00Z"}) == set()
