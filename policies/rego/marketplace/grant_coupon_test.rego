package marketplace.grant_coupon_test

import rego.v1

import data.marketplace.grant_coupon

limits := {
	"developer": {"most_basis_points": 10000, "most_days": 730, "most_minor": 0, "most_uses": 100000},
	"platform": {"most_basis_points": 5000, "most_days": 365, "most_minor": 50000, "most_uses": 10000},
}

rates := {"referral": {"currency": "USD", "credit": 5000}}

golden := {
	"subject": {"type": "developer", "id": "acme", "properties": {}},
	"action": {"name": "marketplace.grant_coupon"},
	"resource": {
		"type": "coupon",
		"id": "coupon-1f3870be274f6c49",
		"properties": {
			"developer": "acme",
			"referral": {
				"named": false,
				"refundable_until": "2026-11-22T14:00:00Z",
				"withdrawn": false,
				"granted": false,
			},
		},
	},
	"context": {
		"discount": "volume",
		"funding": "developer",
		"basis_points": 1000,
		"amount_minor": 0,
		"uses": 100,
		"days": 90,
	},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

finance := {"type": "officer", "id": "ofc-51", "properties": {"groups": ["omega-finance"]}}

by_platform := {"subject": finance, "context": {"funding": "platform"}}

referral := {
	"subject": finance,
	"resource": {"properties": {"developer": "", "referral": {"named": true}}},
	"context": {
		"discount": "credit",
		"funding": "platform",
		"basis_points": 0,
		"amount_minor": 5000,
		"currency": "USD",
		"uses": 1,
	},
}

decision_on(change) := decision if {
	decision := grant_coupon.decision with input as object.union(golden, change)
		with data.thresholds.marketplace.grant_coupon as limits
		with data.market_rates as rates
		with data.roles as {"officer": {"omega-finance": ["finance"], "omega-support": ["support"]}}
}

failed(change) := decision_on(change).failed

test_a_good_coupon_of_a_developer_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == grant_coupon.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.grant_coupon
	object.keys(shipped) == object.keys(limits)
	object.keys(shipped.developer) == object.keys(limits.developer)
	object.keys(shipped.platform) == object.keys(limits.platform)
	every funding in shipped {
		every _, limit in funding { is_number(limit) }
	}
	is_number(data.market_rates.referral.credit)
	is_string(data.market_rates.referral.currency)
}

test_without_limits_nothing_is_within_them if {
	decision := grant_coupon.decision with input as golden with data.thresholds as {}
	decision.failed == {"discount_bounded", "use_bounded"}
}

# authorised

test_finance_grants_for_the_platform if failed(by_platform) == set()

test_another_developers_agent if failed({"resource": {"properties": {"developer": "initech"}}}) == {"authorised"}

test_a_developer_has_the_platform_bear_it if failed({"context": {"funding": "platform"}}) == {"authorised"}

test_finance_has_a_developer_bear_it if failed({"subject": finance}) == {"authorised"}

test_an_officer_of_another_office if {
	failed(object.union(by_platform, {"subject": {"properties": {"groups": ["omega-support"]}}})) == {"authorised"}
}

test_an_officer_is_no_developer if {
	failed({"subject": {"type": "officer", "id": "acme", "properties": {}}}) == {"authorised"}
}

test_a_developer_is_no_officer if {
	failed(object.union(by_platform, {"subject": {"type": "developer"}})) == {"authorised"}
}

test_who_is_no_officer_holds_no_office if {
	change := object.union(by_platform, {"subject": {"type": "developer"}})
	decision := grant_coupon.decision with input as object.union(golden, change)
		with data.thresholds.marketplace.grant_coupon as limits
		with data.roles as {"developer": {"omega-finance": ["finance"]}}
	decision.failed == {"authorised"}
}

# credit_funded

test_a_developer_grants_no_credit if {
	failed({"context": {"discount": "credit", "basis_points": 0}}) == {"credit_funded"}
}

test_every_other_discount_is_a_developers_too if {
	every discount in ["annual", "first_month", "volume"] {
		failed({"context": {"discount": discount}}) == set()
	}
}

test_the_platform_grants_a_credit if {
	change := {"subject": finance, "context": {"discount": "credit", "funding": "platform", "amount_minor": 2500}}
	failed(change) == set()
}

# discount_bounded

test_exactly_the_largest_part if failed(object.union(by_platform, {"context": {"basis_points": 5000}})) == set()

test_a_basis_point_more if {
	failed(object.union(by_platform, {"context": {"basis_points": 5001}})) == {"discount_bounded"}
}

test_exactly_the_largest_credit if failed(object.union(by_platform, {"context": {"amount_minor": 50000}})) == set()

test_a_cent_more if failed(object.union(by_platform, {"context": {"amount_minor": 50001}})) == {"discount_bounded"}

test_a_developer_may_give_all_of_it if failed({"context": {"basis_points": 10000}}) == set()

# use_bounded

test_exactly_as_often_as_may_be if failed(object.union(by_platform, {"context": {"uses": 10000}})) == set()

test_once_more if failed(object.union(by_platform, {"context": {"uses": 10001}})) == {"use_bounded"}

test_exactly_as_long_as_may_be if failed(object.union(by_platform, {"context": {"days": 365}})) == set()

test_a_day_longer if failed(object.union(by_platform, {"context": {"days": 366}})) == {"use_bounded"}

# referral_settled

test_a_settled_referral if failed(referral) == set()

unsettled(facts) if {
	change := object.union(referral, {"resource": {"properties": {"referral": facts}}})
	failed(change) == {"referral_settled"}
}

test_an_order_that_was_taken_back if unsettled({"withdrawn": true})

test_a_referral_that_was_credited if unsettled({"granted": true})

test_an_order_that_may_be_taken_back_for_a_second if unsettled({"refundable_until": "2026-11-22T14:00:01Z"})

test_a_referral_is_one_credit_of_its_amount if {
	every change in [
		{"amount_minor": 5001}, {"amount_minor": 4999}, {"currency": "EUR"}, {"uses": 2},
		{"discount": "first_month"},
	] {
		failed(object.union(referral, {"context": change})) == {"referral_settled"}
	}
}
