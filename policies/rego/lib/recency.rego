package lib.recency

import rego.v1

import data.lib.clock

# What is recent lies neither in the future nor longer ago than the limit, to the second. Without a limit nothing is.
within_seconds(text, limit) if {
	age := clock.now - clock.at(text)
	age >= 0
	age <= limit * 1000000000
}

within_hours(text, limit) if within_seconds(text, limit * 3600)

within_days(text, limit) if within_seconds(text, limit * 86400)
