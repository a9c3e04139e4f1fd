package marketplace.support

# A buyer asks for support, and is answered until it is resolved. The clocks are computed from when each step was taken.
import rego.v1

import data.lib.gates
import data.lib.offices

required := {"authorised", "in_order"}

ticket := input.resource.properties

after := {
	"open": {"none"},
	"answer": {"answered", "open"},
	"resolve": {"answered", "open"},
}

# METADATA
# title: a buyer asks about what they bought; the developer or the office of support answers
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC2.3, soc2/CC6.3, iso27001/A.5.22, iso27001/A.8.3]}
passed contains "authorised" if {
	input.context.step == "open"
	by_buyer
	ticket.bought == true
}

passed contains "authorised" if {
	input.context.step in {"answer", "resolve"}
	input.subject.type == "developer"
	input.subject.id == ticket.developer
}

passed contains "authorised" if {
	input.context.step in {"answer", "resolve"}
	offices.holds(input.subject, {"support"})
}

passed contains "authorised" if {
	input.context.step == "resolve"
	by_buyer
}

# METADATA
# title: the step follows from where the request for support is
# custom: {severity: medium, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "in_order" if ticket.state in after[input.context.step]

by_buyer if {
	input.subject.type == "buyer"
	input.subject.id == ticket.buyer
}

decision := gates.decision("marketplace.support", required, passed, [])
