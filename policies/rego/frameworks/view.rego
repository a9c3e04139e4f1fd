package frameworks.view

# Somebody looks at controls: frameworks, tests and their results, findings, scores.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"authorised"}

readers := {"auditor", "ciso", "compliance_officer", "policy_admin", "policy_author", "security_officer"}

# METADATA
# title: whoever looks holds one of the roles that have to do with controls
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if roles.holds(input.subject, readers)

decision := gates.decision("frameworks.view", required, passed, [])
