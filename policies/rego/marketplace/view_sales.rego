package marketplace.view_sales

# An order, a developer's statement or the queue of finance is looked at.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"authorised"}

# METADATA
# title: sales are seen by those who sold or bought, and by finance and support
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if {
	input.subject.type in {"buyer", "developer"}
	input.subject.id in input.resource.properties.owners
}

passed contains "authorised" if roles.holds(input.subject, {"finance", "support"})

decision := gates.decision("marketplace.view_sales", required, passed, [])
