package studio.manage

# An owner changes who belongs to a workspace, or the rules that its workflows have to keep.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.members
import data.lib.persons

required := {"authorised", "owner_remains", "second_owner"}

# METADATA
# title: whoever manages the workspace is its owner
# custom:
#   {severity: critical, enforcement: blocking,
#    controls: [soc2/CC6.2, soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.2]}
passed contains "authorised" if members.holds(input.subject.properties, input.resource.id, {"owner"})

# METADATA
# title: the workspace keeps an owner, unless it ends
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC1.3, iso27001/A.5.2]}
passed contains "owner_remains" if input.context.owners_after >= 1

passed contains "owner_remains" if input.context.operation == "delete_workspace"

# METADATA
# title: the rules of a strict workspace change, and a strict workspace ends, only with the approval of a second owner
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC5.1, soc2/CC6.3, iso27001/A.5.3]}
passed contains "second_owner" if input.context.operation == "change_members"

passed contains "second_owner" if input.resource.properties.governance in {"open", "standard"}

passed contains "second_owner" if {
	approval := input.context.approval
	persons.differ(approval.person, input.subject.id)
	approval.role == "owner"
	approval.change == input.context.change
	clock.at(approval.at) <= clock.now
}

decision := gates.decision("studio.manage", required, passed, [])
