package marketplace.moderate

# A review is hidden, or shown again.
import rego.v1

import data.lib.gates
import data.lib.offices

required := {"authorised", "in_order"}

# METADATA
# title: trust and safety moderates reviews
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if offices.holds(input.subject, {"trust_and_safety"})

# METADATA
# title: what is shown is hidden, and what is hidden is shown
# custom: {severity: low, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "in_order" if {
	input.context.step == "hide"
	input.resource.properties.state == "shown"
}

passed contains "in_order" if {
	input.context.step == "show"
	input.resource.properties.state == "hidden"
}

decision := gates.decision("marketplace.moderate", required, passed, [])
