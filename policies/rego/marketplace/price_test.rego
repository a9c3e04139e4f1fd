package marketplace.price_test

import rego.v1

import data.marketplace.price

limits := {"currencies": ["EUR", "USD"], "most_minor": 10000000, "most_plans": 20}

golden := {
	"subject": {"type": "developer", "id": "acme", "properties": {"agreement": {"accepted": true}}},
	"action": {"name": "marketplace.price"},
	"resource": {"type": "agent", "id": "invoice-reader", "properties": {"developer": "acme", "plans": 2}},
	"context": {"kind": "seat", "currency": "USD", "highest_minor": 2500},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := price.decision with input as object.union(golden, change)
		with data.thresholds.marketplace.price as limits
}

test_a_good_price_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == price.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.price
	object.keys(shipped) == object.keys(limits)
	is_number(shipped.most_minor)
	is_number(shipped.most_plans)
	is_array(shipped.currencies)
}

test_without_limits_nothing_is_within_them if {
	decision := price.decision with input as golden with data.thresholds as {}
	decision.failed == {"currency_taken", "few_enough", "in_bounds"}
}

test_another_developers_agent if {
	decision_on({"resource": {"properties": {"developer": "initech"}}}).failed == {"authorised"}
}

test_the_agreement_is_not_accepted if {
	decision_on({"subject": {"properties": {"agreement": {"accepted": false}}}}).failed == {"agreement"}
}

test_a_currency_that_is_not_taken if decision_on({"context": {"currency": "XTS"}}).failed == {"currency_taken"}

test_exactly_the_highest_price if decision_on({"context": {"highest_minor": 10000000}}).failed == set()

test_a_cent_more if decision_on({"context": {"highest_minor": 10000001}}).failed == {"in_bounds"}

test_the_last_plan_there_may_be if decision_on({"resource": {"properties": {"plans": 19}}}).failed == set()

test_a_plan_too_many if decision_on({"resource": {"properties": {"plans": 20}}}).failed == {"few_enough"}
