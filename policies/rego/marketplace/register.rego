package marketplace.register

# Somebody becomes a developer or a buyer. What they say of themselves is believed until it is established; whoever is
# not established is not paid.
import rego.v1

import data.lib.gates
import data.lib.sanctions

required := {"authorised", "few", "not_sanctioned", "own_tenant", "unused"}

limits := data.thresholds.marketplace.register

# METADATA
# title: whoever registers has signed in, or is a service with a token
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.16]}
passed contains "authorised" if input.subject.type in {"officer", "service"}

# METADATA
# title: nobody acts for more developers or buyers than policy data allow
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.16]}
passed contains "few" if input.resource.properties.held < limits.max_parties[input.resource.properties.side]

# METADATA
# title: neither the country nor the legal entity of whoever registers is sanctioned
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.31]}
passed contains "not_sanctioned" if sanctions.clear(input.context)

# METADATA
# title: whoever registers joins their own tenant
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.8.3]}
passed contains "own_tenant" if {
	input.subject.type == "service"
	input.resource.properties.tenant == input.subject.properties.tenant
}

passed contains "own_tenant" if {
	input.subject.type == "officer"
	input.resource.properties.tenant == input.environment.tenant
}

passed contains "own_tenant" if {
	input.subject.type == "officer"
	concat("", [limits.tenant_group_prefix, input.resource.properties.tenant]) in input.subject.properties.groups
}

# METADATA
# title: the name is not in use
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.16]}
passed contains "unused" if input.resource.properties.taken == false

decision := gates.decision("marketplace.register", required, passed, [])
