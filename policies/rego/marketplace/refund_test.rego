package marketplace.refund_test

import rego.v1

import data.marketplace.refund

limits := {"window_days": 30}

golden := {
	"subject": {"type": "buyer", "id": "buy-91c2", "properties": {}},
	"action": {"name": "marketplace.refund"},
	"resource": {
		"type": "order",
		"id": "ord-20261110-000831",
		"properties": {
			"buyer": "buy-91c2",
			"purchased_at": "2026-11-10T09:30:00Z",
			"refunded": false,
			"paid_minor": 9900,
			"refunded_minor": 900,
		},
	},
	"context": {"amount_minor": 9000},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"},
}

decision_on(change) := decision if {
	decision := refund.decision with input as object.union(golden, change)
		with data.thresholds.marketplace.refund as limits
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

test_a_good_refund_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == refund.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.refund
	object.keys(shipped) == object.keys(limits)
	is_number(shipped.window_days)
}

# authorised

test_another_buyers_order if failed({"buyer": "buy-0001"}) == {"authorised"}

test_an_officer_of_support_asks if {
	officer := {"type": "officer", "id": "off-31", "properties": {"roles": ["finance", "support"]}}
	decision_on({"subject": officer}).failed == set()
}

test_an_officer_of_another_office_asks if {
	officer := {"type": "officer", "id": "off-31", "properties": {"roles": ["finance"]}}
	decision_on({"subject": officer}).failed == {"authorised"}
}

test_a_buyer_who_claims_a_role if {
	other := {"id": "buy-0001", "properties": {"roles": ["support"]}}
	decision_on({"subject": other}).failed == {"authorised"}
}

test_an_officer_with_the_id_of_the_buyer_is_not_the_buyer if {
	decision_on({"subject": {"type": "officer"}}).failed == {"authorised"}
}

test_an_officer_whose_group_is_support if {
	officer := {"type": "officer", "id": "off-31", "properties": {"groups": ["g-support"]}}
	decision := refund.decision with input as object.union(golden, {"subject": officer})
		with data.thresholds.marketplace.refund as limits
		with data.roles as {"officer": {"g-support": ["support"]}}
	decision.failed == set()
}

# within_paid

test_a_part_goes_back if decision_on({"context": {"amount_minor": 1}}).failed == set()

test_nothing_goes_back if decision_on({"context": {"amount_minor": 0}}).failed == {"within_paid"}

test_more_than_was_paid if decision_on({"context": {"amount_minor": 9001}}).failed == {"within_paid"}

test_more_than_is_left if failed({"refunded_minor": 901}) == {"within_paid"}

# within_window

test_bought_this_second if failed({"purchased_at": "2026-11-22T14:00:00Z"}) == set()

test_bought_exactly_thirty_days_ago if failed({"purchased_at": "2026-10-23T14:00:00Z"}) == set()

test_bought_thirty_days_and_a_second_ago if failed({"purchased_at": "2026-10-23T13:59:59Z"}) == {"within_window"}

test_bought_in_the_future if failed({"purchased_at": "2026-11-22T14:00:01Z"}) == {"within_window"}

test_bought_less_than_a_second_in_the_future if {
	failed({"purchased_at": "2026-11-22T14:00:00.000000001Z"}) == {"within_window"}
}

test_without_a_limit_nothing_is_within if {
	decision := refund.decision with input as golden with data.thresholds as {}
	decision.failed == {"within_window"}
}

# not_refunded

test_refunded_before if failed({"refunded": true}) == {"not_refunded"}
