package policies.approve

# A person agrees to a proposed change of the policies, in exactly the tree that they were shown.
import rego.v1

import data.lib.changes
import data.lib.gates
import data.lib.persons
import data.lib.roles

required := {
	"approver_known",
	"authorised",
	"authors_known",
	"checked",
	"not_author",
	"not_twice",
	"open",
	"role_wanted",
	"second_factor",
	"signed",
	"tree_seen",
	"unmoved",
}

change := input.resource.properties

# METADATA
# title: whoever approves holds the role that they approve in
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC8.1, iso27001/A.5.3]}
passed contains "authorised" if input.context.role in roles.of(input.subject)

# METADATA
# title: OWNERS.yaml asks for an approval in this role
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "role_wanted" if {
	some demand in change.demands
	input.context.role in demand.roles
}

# METADATA
# title: nobody approves a change that they wrote, committed, signed or opened
# custom:
#   {severity: critical, enforcement: blocking,
#    controls: [soc2/CC5.1, soc2/CC8.1, iso27001/A.5.3, iso27001/A.8.32]}
passed contains "not_author" if changes.uninvolved(change, input.subject.id)

# METADATA
# title: everybody who wrote, committed, signed or opened the change is somebody whom OWNERS.yaml lists
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.5.3, iso27001/A.5.16]}
passed contains "authors_known" if change.strangers == 0

# METADATA
# title: whoever approves is somebody whom OWNERS.yaml lists
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.5.3, iso27001/A.5.16]}
passed contains "approver_known" if change.listed == true

# METADATA
# title: nobody approves a change twice
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.5.3]}
passed contains "not_twice" if {
	every approval in change.approvals {
		persons.differ(approval.person, input.subject.id)
	}
}

# METADATA
# title: the change has the tree that whoever approves was shown
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "tree_seen" if input.context.tree == change.tree

# METADATA
# title: the branch of the change is where it was when it was checked
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "unmoved" if change.branch_head == change.head

# METADATA
# title: every check that is wanted has passed for this tree
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.29]}
passed contains "checked" if changes.checked(change)

# METADATA
# title: every commit bears the signature of somebody who may sign
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.4, iso27001/A.8.32]}
passed contains "signed" if change.signed == true

# METADATA
# title: the change request has not ended
# custom: {severity: low, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "open" if changes.alive(change)

# METADATA
# title: whoever approves has signed in with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "second_factor" if input.subject.properties.second_factor == true

decision := gates.decision("policies.approve", required, passed, [])
