package session.close

# An officer ends a session.
import rego.v1

import data.lib.gates

required := {"own"}

# METADATA
# title: officers end sessions of their own
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "own" if input.subject.id == input.resource.id

decision := gates.decision("session.close", required, passed, [])
