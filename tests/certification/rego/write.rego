package write

# Alice writes active records; an administrator writes archived ones too.
import rego.v1

import data.lib.gates
import data.lib.standing

required := {"may_write"}

# METADATA
# title: the record is active and its writer Alice, or the writer is an administrator
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1]}
passed contains "may_write" if {
	input.subject.id == "alice"
	standing.status(input) == "active"
}

passed contains "may_write" if standing.role(input) == "admin"

decision := gates.decision("write", required, passed, [])
