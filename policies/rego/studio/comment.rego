package studio.comment

# A member writes a comment on a workflow.
import rego.v1

import data.lib.gates
import data.lib.members

required := {"authorised", "not_archived"}

# METADATA
# title: whoever comments is an owner, editor or commenter of the workspace of the workflow
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if {
	roles := {"owner", "editor", "commenter"}
	members.holds(input.subject.properties, input.resource.properties.workspace.id, roles)
}

# METADATA
# title: the workflow is not archived
# custom: {severity: low, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "not_archived" if input.resource.properties.status in {"draft", "deployed"}

decision := gates.decision("studio.comment", required, passed, [])
