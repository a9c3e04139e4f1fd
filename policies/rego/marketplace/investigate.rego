package marketplace.investigate

# An officer takes a case of suspected fraud, or writes down what they found.
import rego.v1

import data.lib.gates
import data.lib.offices

required := {"authorised", "in_order", "second_factor"}

case := input.resource.properties

# METADATA
# title: whoever investigates works for trust and safety
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC7.3, iso27001/A.5.25, iso27001/A.8.3]}
passed contains "authorised" if offices.holds(input.subject, {"trust_and_safety"})

# METADATA
# title: the session was opened with a second factor
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "second_factor" if input.subject.properties.second_factor == true

# METADATA
# title: an open case is taken, and whoever took it writes down what they found
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC7.3, iso27001/A.5.25]}
passed contains "in_order" if {
	input.context.step == "take"
	case.state == "open"
}

passed contains "in_order" if {
	input.context.step == "note"
	case.state == "taken"
	case.taken_by == input.subject.id
}

decision := gates.decision("marketplace.investigate", required, passed, [])
