package marketplace.view

# Somebody looks at the catalogue, at a listing, or at what belongs to a developer, a buyer or an office.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"authorised"}

# Who may look at everything, and change nothing by it.
overseers := {"auditor", "compliance_officer"}

# METADATA
# title: what is seen is public, of the own tenant or party, or of the office that whoever looks holds
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if input.resource.properties.public == true

passed contains "authorised" if input.resource.properties.tenant in input.subject.properties.tenants

passed contains "authorised" if {
	some party in input.resource.properties.parties
	party in input.subject.properties.parties
}

passed contains "authorised" if roles.holds(input.subject, {input.resource.properties.office})

passed contains "authorised" if roles.holds(input.subject, overseers)

decision := gates.decision("marketplace.view", required, passed, [])
