package marketplace.measure

# A service of the platform says how an agent has served over a time.
import rego.v1

import data.lib.clock
import data.lib.gates

required := {"authorised", "consistent", "over"}

# METADATA
# title: a service that policy data appoint to measure agents says how one has served
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC7.2, iso27001/A.8.3, iso27001/A.8.16]}
passed contains "authorised" if {
	input.subject.type == "service"
	"measurer" in data.roles.service[input.subject.id]
}

# METADATA
# title: no more calls have failed than there were
# custom: {severity: medium, enforcement: blocking, controls: [soc2/PI1.2, iso27001/A.8.26]}
passed contains "consistent" if input.context.errors <= input.context.calls

# METADATA
# title: the time that was measured has an end after its beginning, and is over
# custom: {severity: medium, enforcement: blocking, controls: [soc2/PI1.2, iso27001/A.8.17]}
passed contains "over" if {
	clock.at(input.context.from) < clock.at(input.context.to)
	clock.at(input.context.to) <= clock.now
}

decision := gates.decision("marketplace.measure", required, passed, [])
