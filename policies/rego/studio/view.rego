package studio.view

# A member looks at a workflow. Every role may.
import rego.v1

import data.lib.gates
import data.lib.members

required := {"authorised"}

# METADATA
# title: whoever looks is a member of the workspace of the workflow
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if {
	roles := {"owner", "editor", "commenter", "viewer"}
	members.holds(input.subject.properties, input.resource.properties.workspace.id, roles)
}

decision := gates.decision("studio.view", required, passed, [])
