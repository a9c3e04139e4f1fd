package studio.use_component

# A member puts an agent, a tool or an integration into a workflow of a workspace.
import rego.v1

import data.lib.components
import data.lib.gates
import data.lib.members

required := {"allowed", "authorised"}

# METADATA
# title: whoever uses the component is an owner or editor of the workspace
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if {
	members.holds(input.subject.properties, input.resource.properties.workspace.id, {"owner", "editor"})
}

# METADATA
# title: the lists of the workspace allow the component, or its governance level allows what is not listed
# custom:
#   {severity: critical, enforcement: blocking,
#    controls: [soc2/CC6.8, soc2/CC9.2, iso27001/A.5.21, iso27001/A.8.19]}
passed contains "allowed" if {
	components.allowed(input.resource.id, input.resource.properties, input.resource.properties.workspace)
}

decision := gates.decision("studio.use_component", required, passed, [])
