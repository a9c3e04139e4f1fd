package marketplace.yank

# A release is hidden from everybody but those who have pinned it.
import rego.v1

import data.lib.gates
import data.lib.offices

required := {"authorised", "on_sale"}

# METADATA
# title: the release is yanked by its developer or by trust and safety
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if {
	input.subject.type == "developer"
	input.subject.id == input.resource.properties.developer
}

passed contains "authorised" if offices.holds(input.subject, {"trust_and_safety"})

# METADATA
# title: the release can be installed by now
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "on_sale" if input.resource.properties.state in {"listed", "preview"}

decision := gates.decision("marketplace.yank", required, passed, [])
