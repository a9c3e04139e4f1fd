package marketplace.payout_test

import rego.v1

import data.marketplace.payout

limits := {"min_hold_days": 7, "reserve_basis_points": 500, "reserve_days": 90}

lists := {"countries": {"KP": "listed"}, "entities": {"0000EXAMPLESANCT0015": "listed"}}

golden := {
	"subject": {"type": "developer", "id": "dev-7f3a"},
	"action": {"name": "marketplace.payout"},
	"resource": {
		"type": "payout",
		"id": "pay-2026-11-0042",
		"properties": {
			"developer": {
				"id": "dev-7f3a",
				"kyc_complete": true,
				"debt_minor": 0,
				"kind": "organisation",
				"country": "FR",
				"entity": "0000EXAMPLEHONEST080",
			},
			"held_since": "2026-11-12T08:00:00Z",
			"reserve": {"period_days": 90, "net_share_minor": 1000000, "kept_minor": 50000},
		},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"},
}

decision_on(change) := decision if {
	decision := payout.decision with input as object.union(golden, change)
		with data.thresholds.marketplace.payout as limits
		with data.sanctions as lists
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

test_a_good_payout_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == payout.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.payout
	object.keys(shipped) == object.keys(limits)
	every limit in shipped {
		is_number(limit)
	}
}

test_missing_limits_close_their_gates if {
	decision := payout.decision with input as golden with data.thresholds as {}
	decision.failed == {"held", "reserve_kept"}
}

# authorised

test_money_of_another_developer if failed({"developer": {"id": "dev-0001"}}) == {"authorised"}

test_the_marketplace_itself if {
	decision_on({"subject": {"type": "service", "id": "payout-job"}}).failed == set()
}

test_the_job_of_payouts if decision_on({"subject": {"type": "job", "id": "marketplace.pay_out"}}).failed == set()

test_another_job if {
	decision_on({"subject": {"type": "job", "id": "marketplace.release_holds"}}).failed == {"authorised"}
}

test_a_developer_who_is_called_as_the_job if {
	decision_on({"subject": {"type": "developer", "id": "marketplace.pay_out"}}).failed == {"authorised"}
}

test_a_buyer_asks if decision_on({"subject": {"type": "buyer"}}).failed == {"authorised"}

# known

test_identity_not_established if failed({"developer": {"kyc_complete": false}}) == {"known"}

# not_sanctioned

test_developer_in_a_listed_country if failed({"developer": {"country": "KP"}}) == {"not_sanctioned"}

test_developer_is_a_listed_organisation if {
	failed({"developer": {"entity": "0000EXAMPLESANCT0015"}}) == {"not_sanctioned"}
}

test_missing_lists_clear_nobody if {
	decision := payout.decision with input as golden with data.sanctions as {}
	decision.failed == {"not_sanctioned"}
}

# held

test_held_for_exactly_seven_days if failed({"held_since": "2026-11-15T14:00:00Z"}) == set()

test_held_for_a_second_less if failed({"held_since": "2026-11-15T14:00:01Z"}) == {"held"}

test_held_since_a_time_to_come if failed({"held_since": "2026-12-01T00:00:00Z"}) == {"held"}

# reserve_kept

test_one_cent_less_than_the_reserve if failed({"reserve": {"kept_minor": 49999}}) == {"reserve_kept"}

test_a_reserve_is_rounded_in_favour_of_the_reserve if {
	failed({"reserve": {"net_share_minor": 1001, "kept_minor": 50}}) == {"reserve_kept"}
	failed({"reserve": {"net_share_minor": 1001, "kept_minor": 51}}) == set()
}

test_the_largest_amounts_are_compared_to_the_cent if {
	failed({"reserve": {"net_share_minor": 100000000000000, "kept_minor": 5000000000000}}) == set()
	failed({"reserve": {"net_share_minor": 100000000000000, "kept_minor": 4999999999999}}) == {"reserve_kept"}
}

test_nothing_earned_nothing_kept if failed({"reserve": {"net_share_minor": 0, "kept_minor": 0}}) == set()

test_share_counted_over_too_short_a_period if failed({"reserve": {"period_days": 89}}) == {"reserve_kept"}

# no_debt

test_a_debt_of_one_cent if failed({"developer": {"debt_minor": 1}}) == {"no_debt"}

test_each_of_these_alone_denies if {
	every facts in [
		{"id": "dev-0001"},
		{"kyc_complete": false},
		{"country": "KP"},
	] {
		decision_on({"resource": {"properties": {"developer": facts}}}).allow == false
	}
}
