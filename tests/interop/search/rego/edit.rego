package edit

import rego.v1

import data.lib.gates

required := {"entitled"}

# METADATA
# title: the record is the user's, or of the department that the user manages
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1]}
passed contains "entitled" if input.resource.properties.owner == input.subject.id

passed contains "entitled" if {
	input.subject.properties.role == "manager"
	input.resource.properties.department == input.subject.properties.department
}

decision := gates.decision("edit", required, passed, [])
