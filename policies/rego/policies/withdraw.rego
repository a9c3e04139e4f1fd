package policies.withdraw

# A proposed change is taken back.
import rego.v1

import data.lib.changes
import data.lib.gates
import data.lib.roles

required := {"authorised", "open"}

# METADATA
# title: the change is taken back by who proposed it, or by somebody who answers for policies
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC8.1, iso27001/A.5.15]}
passed contains "authorised" if input.resource.properties.opened_by == input.subject.id

passed contains "authorised" if {
	count(roles.of(input.subject) & {"compliance_officer", "policy_admin", "security_officer"}) > 0
}

# METADATA
# title: the change request has not ended
# custom: {severity: low, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "open" if changes.alive(input.resource.properties)

decision := gates.decision("policies.withdraw", required, passed, [])
