package lib.budget

# Limits on amounts and on rates. Everything is counted in whole units (micro-dollars, tokens, runs): sums are exact.
import rego.v1

# What is wanted still fits beside what was used.
within(used, wanted, limit) if {
	is_number(limit)
	used >= 0
	wanted >= 0
	used + wanted <= limit
}

# One more event fits into the rate. `usage` {"count", "period_seconds"} looks back at least as far as `limit`
# {"max", "period_seconds"} does.
one_more(usage, limit) if {
	is_number(limit.period_seconds)
	usage.period_seconds >= limit.period_seconds
	within(usage.count, 1, limit.max)
}
