package ai_act.view

# Somebody looks at the register of systems, at their conformity files, or at incidents.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"authorised"}

readers := {"auditor", "ciso", "compliance_officer", "security_officer"}

# METADATA
# title: whoever looks audits, or answers for compliance or security
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if roles.holds(input.subject, readers)

decision := gates.decision("ai_act.view", required, passed, [])
