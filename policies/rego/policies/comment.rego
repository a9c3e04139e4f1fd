package policies.comment

# Somebody says something about a proposed change.
import rego.v1

import data.lib.changes
import data.lib.gates
import data.lib.roles

required := {"authorised", "open"}

readers := {"auditor", "ciso", "compliance_officer", "policy_admin", "policy_author", "security_officer"}

# METADATA
# title: whoever comments holds one of the roles that have to do with policies
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15]}
passed contains "authorised" if count(roles.of(input.subject) & readers) > 0

# METADATA
# title: the change request has not ended
# custom: {severity: low, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "open" if changes.alive(input.resource.properties)

decision := gates.decision("policies.comment", required, passed, [])
