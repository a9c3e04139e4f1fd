package privacy.view

# Somebody looks at how consents stand, at recalls, at who saw what of a person, or at the record of processing.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"authorised"}

keepers := {"data_protection_officer", "privacy_officer"}

readers := keepers | {"auditor", "compliance_officer"}

# What a service may look at beside the standing of a person.
feeds := {"recalls"}

# METADATA
# title: whoever looks at a person keeps the ledger or asks for it, and whoever looks at a page answers for privacy
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if {
	input.resource.type == "person"
	roles.holds(input.subject, keepers)
}

passed contains "authorised" if {
	input.resource.type == "privacy_page"
	roles.holds(input.subject, readers)
}

passed contains "authorised" if {
	input.resource.type == "person"
	asks
}

passed contains "authorised" if {
	input.resource.id in feeds
	asks
}

asks if {
	input.subject.type == "service"
	"consent_reader" in data.roles.service[input.subject.id]
}

decision := gates.decision("privacy.view", required, passed, [])
