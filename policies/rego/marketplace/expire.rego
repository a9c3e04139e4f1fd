package marketplace.expire

# What was established of a developer, or a badge, has had its time.
import rego.v1

import data.lib.clock
import data.lib.gates

required := {"over", "own"}

# METADATA
# title: nothing but the job that watches over time ends what has had its time
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "own" if {
	input.subject.type == "job"
	input.subject.id == "marketplace.watch_life"
}

# METADATA
# title: its time is over
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.22]}
passed contains "over" if clock.at(input.resource.properties.until) <= clock.now

decision := gates.decision("marketplace.expire", required, passed, [])
