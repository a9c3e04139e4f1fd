package policies.revoke_override

# An override, or a request for one, comes to its end before its time. This is easy on purpose.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"authorised", "open"}

revokers := {"ciso", "compliance_officer", "policy_admin", "security_officer"}

# METADATA
# title: whoever revokes asked for the override, or holds a role that watches over policies
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.2]}
passed contains "authorised" if input.subject.id == input.resource.properties.by

passed contains "authorised" if roles.holds(input.subject, revokers)

# METADATA
# title: the override is asked for or in force
# custom: {severity: low, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "open" if input.resource.properties.open == true


decision := gates.decision("policies.revoke_override", required, passed, [])
