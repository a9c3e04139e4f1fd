package engagements.manage

# An officer says who may come in: an audit firm, its networks, what its auditors have to show, who they are.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"authorised", "confined", "existing", "second_factor", "strong"}

managers := {"ciso", "compliance_officer", "security_officer"}

widest := data.thresholds.engagements.widest_network

# What only takes something away needs no more than somebody who may.
describing if input.context.change in {"create", "change"}

# METADATA
# title: whoever lets auditors in holds a role that answers for it
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.2, soc2/CC6.3, iso27001/A.5.18]}
passed contains "authorised" if roles.holds(input.subject, managers)

# METADATA
# title: the firm comes from networks of its own, each no wider than policy has
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.6, iso27001/A.8.20]}
passed contains "confined" if {
	count(input.context.networks) > 0
	every network in input.context.networks {
		narrow(network)
	}
}

passed contains "confined" if not describing

# METADATA
# title: a firm is created once, and what is changed of it is there
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC6.2, iso27001/A.5.16]}
passed contains "existing" if {
	input.context.change == "create"
	input.resource.properties.state == "none"
}

passed contains "existing" if {
	input.context.change != "create"
	input.resource.properties.state in {"active", "suspended"}
}

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if input.subject.properties.second_factor == true

# METADATA
# title: auditors of the firm have to show a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "strong" if input.context.second_factor == true

passed contains "strong" if not describing

narrow(network) if {
	contains(network, ":") == false
	length(network) >= widest.ipv4
}

narrow(network) if {
	contains(network, ":")
	length(network) >= widest.ipv6
}

length(network) := to_number(split(network, "/")[1])

decision := gates.decision("engagements.manage", required, passed, [])
