package auditor_portal.sign_out

# Sessions of an auditor end: the auditor ends their own, or the identity provider of the firm has them ended. What the
# provider answers when it was told of an end changes nothing, and is looked at all the same.
import rego.v1

import data.lib.gates

required := {"own"}

told := input.resource.properties

# METADATA
# title: an auditor ends a session of their own, or the firm's identity provider says so in a message that was verified
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "own" if {
	told.by == "auditor"
	input.subject.type == "auditor"
	input.resource.type == "auditor"
	input.subject.id == input.resource.id
}

passed contains "own" if {
	told.by == "provider"
	told.verified == true
	told.refusal == ""
}

decision := gates.decision("auditor_portal.sign_out", required, passed, [])
