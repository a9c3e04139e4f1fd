package marketplace.review

# A buyer says what an agent is worth.
import rego.v1

import data.lib.gates

required := {"bought", "not_own", "once"}

# METADATA
# title: whoever reviews an agent has bought it
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC2.3, soc2/CC9.2, iso27001/A.5.22]}
passed contains "bought" if {
	input.subject.type == "buyer"
	input.resource.properties.bought == true
}

# METADATA
# title: nobody reviews an agent of a developer that they act for
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC5.1, iso27001/A.5.3]}
passed contains "not_own" if input.resource.properties.member == false

# METADATA
# title: an order is reviewed once
# custom: {severity: medium, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "once" if input.resource.properties.reviewed == false

decision := gates.decision("marketplace.review", required, passed, [])
