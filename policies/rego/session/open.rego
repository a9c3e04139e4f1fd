package session.open

# A visitor says who they are, and opens a session as that officer. Whoever may do nothing at all gets none.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"appointed", "identified"}

officer := input.resource

# METADATA
# title: who signs in was identified by the identity provider, or by a login link that this installation issued
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.5.16, iso27001/A.8.5]}
passed contains "identified" if officer.properties.verified == true

# METADATA
# title: who signs in is in a group that policy gives a role
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.2, soc2/CC6.3, iso27001/A.5.15, iso27001/A.5.18]}
passed contains "appointed" if count(roles.of(officer)) > 0

decision := gates.decision("session.open", required, passed, [])
