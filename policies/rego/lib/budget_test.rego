package lib.budget_test

import rego.v1

import data.lib.budget

hourly := {"max": 60, "period_seconds": 3600}

test_it_fits if budget.within(400, 599, 1000)

test_it_fits_exactly if budget.within(400, 600, 1000)

test_nothing_used_and_nothing_wanted if budget.within(0, 0, 0)

test_one_unit_too_much if not budget.within(400, 601, 1000)

test_nothing_fits_where_more_than_all_is_used if not budget.within(1001, 0, 1000)

test_nothing_is_given_back if {
	not budget.within(-1, 5, 1000)
	not budget.within(5, -1, 1000)
}

test_large_amounts_are_exact if {
	budget.within(9007199254740990, 1, 9007199254740991)
	not budget.within(9007199254740990, 2, 9007199254740991)
}

test_a_limit_that_is_no_number_is_none if {
	every limit in ["1000", [1000], {"max": 1000}, true, null] {
		not budget.within(0, 1, limit)
	}
}

test_an_amount_that_is_not_there if {
	not budget.within(null, 1, 1000)
	not budget.within(0, null, 1000)
}

test_the_last_of_the_hour if budget.one_more({"count": 59, "period_seconds": 3600}, hourly)

test_one_too_many_in_the_hour if not budget.one_more({"count": 60, "period_seconds": 3600}, hourly)

test_a_count_over_a_longer_time_serves_too if budget.one_more({"count": 59, "period_seconds": 7200}, hourly)

test_a_count_over_a_shorter_time_does_not if not budget.one_more({"count": 0, "period_seconds": 3599}, hourly)

test_a_rate_without_a_period_is_none if {
	every limit in [{"max": 60}, {"max": 60, "period_seconds": null}, {"period_seconds": 3600}, {}] {
		not budget.one_more({"count": 0, "period_seconds": 3600}, limit)
	}
}
