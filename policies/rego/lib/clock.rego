package lib.clock

import rego.v1

# Time as nanoseconds since 1970. Contracts admit only real dates, in UTC, so that parsing cannot fail.
now := time.parse_rfc3339_ns(input.environment.time)

at(text) := time.parse_rfc3339_ns(text)

days(n) := n * 86400000000000

hours(n) := n * 3600000000000

minutes(n) := n * 60000000000
