package marketplace.meter

# A service reports what was used of agents: a batch of events.
import rego.v1

import data.lib.clock
import data.lib.gates

required := {"authorised", "own_tenant", "small_enough", "timely"}

limits := data.thresholds.marketplace.meter

# METADATA
# title: use is reported by a service that runs agents, and not by whoever is paid for it
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/PI1.2, iso27001/A.5.3, iso27001/A.8.3]}
passed contains "authorised" if "meter" in data.roles.service[input.subject.id]

# METADATA
# title: a service reports the use of its own tenant alone
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "own_tenant" if {
	count(input.resource.properties.tenants) > 0
	every tenant in input.resource.properties.tenants {
		tenant == input.subject.properties.tenant
	}
}

# METADATA
# title: a batch has no more events than the limit
# custom: {severity: medium, enforcement: blocking, controls: [soc2/A1.1, iso27001/A.8.6]}
passed contains "small_enough" if input.resource.properties.events <= limits.most_events

# METADATA
# title: nothing is reported before it happens, but for clocks that differ
# custom: {severity: medium, enforcement: blocking, controls: [soc2/PI1.2, iso27001/A.8.17]}
passed contains "timely" if {
	ahead := clock.at(input.resource.properties.newest) - clock.now
	ahead <= clock.minutes(limits.clock_skew_minutes)
}

decision := gates.decision("marketplace.meter", required, passed, [])
