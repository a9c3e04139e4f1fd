package lib.clock_test

import rego.v1

import data.lib.clock

test_now_is_the_time_the_pdp_states if {
	clock.now == clock.at("2026-11-22T14:00:00Z") with input as {"environment": {"time": "2026-11-22T14:00:00Z"}}
}

test_no_time_no_now if {
	not clock.now with input as {"environment": {}}
}

test_a_day_has_24_hours if {
	clock.at("2026-11-23T14:00:00Z") - clock.at("2026-11-22T14:00:00Z") == clock.days(1)
}

test_ninety_days_cross_the_end_of_a_year_to_the_second if {
	clock.at("2026-11-22T14:00:01Z") + clock.days(90) > clock.at("2027-02-20T14:00:00Z")
	clock.at("2026-11-22T14:00:00Z") + clock.days(90) == clock.at("2027-02-20T14:00:00Z")
}

test_an_hour_and_a_minute if {
	clock.days(1) == clock.hours(24)
	clock.hours(1) == clock.minutes(60)
	clock.at("2026-11-22T14:01:00Z") - clock.at("2026-11-22T14:00:00Z") == clock.minutes(1)
}
