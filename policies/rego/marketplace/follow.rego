package marketplace.follow

# Somebody looks at the life of a listing, or at what waits for trust and safety.
import rego.v1

import data.lib.gates
import data.lib.offices

required := {"authorised"}

readers := {"auditor", "compliance_officer", "support", "trust_and_safety"}

# METADATA
# title: a listing is followed by its developer, by who bought it and by the offices; the queue by the offices alone
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if offices.holds(input.subject, readers)

passed contains "authorised" if {
	input.resource.type == "listing"
	input.subject.type == "developer"
	input.subject.id == input.resource.properties.developer
}

passed contains "authorised" if {
	input.resource.type == "listing"
	input.subject.type == "buyer"
	input.resource.properties.bought == true
}

decision := gates.decision("marketplace.follow", required, passed, [])
