package delete

import rego.v1

import data.lib.gates

required := {"entitled"}

# METADATA
# title: the record is the user's
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1]}
passed contains "entitled" if input.resource.properties.owner == input.subject.id

decision := gates.decision("delete", required, passed, [])
