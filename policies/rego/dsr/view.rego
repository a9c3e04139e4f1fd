package dsr.view

# An officer looks at the queue of requests, or at one with what the person says: personal data.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"authorised", "second_factor"}

readers := {"compliance_officer", "data_protection_officer", "privacy_officer"}

# Whoever works on the node with its keys.
node if {
	input.subject.type == "job"
	input.subject.id == "node"
}

# METADATA
# title: whoever looks at requests of persons answers for their rights
# custom:
#   {severity: critical, enforcement: blocking,
#    controls: [gdpr/Art.32, soc2/CC6.1, soc2/CC6.3, soc2/P5.1, iso27001/A.5.34]}
passed contains "authorised" if roles.holds(input.subject, readers)

passed contains "authorised" if node

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "second_factor" if input.subject.properties.second_factor == true

passed contains "second_factor" if node

decision := gates.decision("dsr.view", required, passed, [])
