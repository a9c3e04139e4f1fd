package dsr.collect

# The person looks at a request, enters a code, answers, takes the export or the certificate along: by the secret link.
import rego.v1

import data.lib.clock
import data.lib.gates

required := {"in_order", "in_time", "linked"}

# METADATA
# title: whoever collects has the secret of the person's link
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.12, gdpr/Art.32, soc2/CC6.1, soc2/P5.1]}
passed contains "linked" if input.resource.properties.linked == true

# METADATA
# title: what is collected follows from where the request is
# custom: {severity: high, enforcement: blocking, controls: [gdpr/Art.12, gdpr/Art.32, soc2/P5.1]}
passed contains "in_order" if input.context.what == "status"

passed contains "in_order" if {
	input.context.what == "code"
	input.resource.properties.state == "identity_unverified"
}

passed contains "in_order" if {
	input.context.what == "answer"
	input.resource.properties.state == "requires_input"
}

passed contains "in_order" if {
	input.context.what == "cancel"
	input.resource.properties.state in {"duplicate", "identity_unverified", "pending", "requires_input"}
}

passed contains "in_order" if {
	input.context.what in {"certificate", "export"}
	input.resource.properties.state == "complete"
}

# METADATA
# title: an export is taken along before its time ends
# custom: {severity: high, enforcement: blocking, controls: [gdpr/Art.5, gdpr/Art.32, soc2/P4.3]}
passed contains "in_time" if input.context.what != "export"

passed contains "in_time" if clock.now <= clock.at(input.resource.properties.export_until)

decision := gates.decision("dsr.collect", required, passed, [])
