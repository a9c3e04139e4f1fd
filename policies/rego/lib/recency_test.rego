package lib.recency_test

import rego.v1

import data.lib.recency

environment := {"time": "2026-11-22T14:00:00Z"}

seconds(text) if recency.within_seconds(text, 300) with input.environment as environment

hours(text) if recency.within_hours(text, 24) with input.environment as environment

days(text) if recency.within_days(text, 90) with input.environment as environment

test_this_second_is_recent if seconds("2026-11-22T14:00:00Z")

test_a_second_to_come_is_not if {
	every unit in ["2026-11-22T14:00:01Z", "2027-11-22T14:00:00Z"] {
		not seconds(unit)
		not hours(unit)
		not days(unit)
	}
}

test_exactly_at_the_limit_is_recent if {
	seconds("2026-11-22T13:55:00Z")
	hours("2026-11-21T14:00:00Z")
	days("2026-08-24T14:00:00Z")
}

test_a_second_beyond_the_limit_is_not if {
	not seconds("2026-11-22T13:54:59Z")
	not hours("2026-11-21T13:59:59Z")
	not days("2026-08-24T13:59:59Z")
}

# Contracts admit whole seconds alone; whoever brings others gets no more than that either.
test_less_than_a_second_counts_too if {
	seconds("2026-11-22T13:55:00.000000001Z")
	not seconds("2026-11-22T13:54:59.999999999Z")
	not seconds("2026-11-22T14:00:00.000000001Z")
}

# A rule, since engines disagree on `not` before a call that is given nothing.
recent_without_limit if recency.within_seconds("2026-11-22T14:00:00Z", data.thresholds.nothing)

test_nothing_is_recent_within_a_limit_that_is_not_there if {
	not recent_without_limit with data.thresholds as {} with input.environment as environment
}

test_nothing_is_recent_without_a_clock if {
	not recency.within_seconds("2026-11-22T14:00:00Z", 300) with input as {}
}
