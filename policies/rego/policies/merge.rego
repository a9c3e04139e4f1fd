package policies.merge

# An approved change is taken over: the service moves the protected branch to exactly the commit that was approved.
import rego.v1

import data.lib.changes
import data.lib.gates
import data.lib.roles

required := {
	"approved",
	"at_base",
	"authorised",
	"authors_known",
	"checked",
	"open",
	"owned",
	"second_factor",
	"signed",
	"tree_seen",
	"unmoved",
}

change := input.resource.properties

# METADATA
# title: whoever merges writes or answers for policies
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC8.1, iso27001/A.5.15]}
passed contains "authorised" if {
	mergers := {"ciso", "compliance_officer", "policy_admin", "policy_author", "security_officer"}
	count(roles.of(input.subject) & mergers) > 0
}

# METADATA
# title: for every path that is touched, as many persons as OWNERS.yaml asks for have approved this tree, none an author
# custom:
#   {severity: critical, enforcement: blocking,
#    controls: [soc2/CC5.1, soc2/CC8.1, iso27001/A.5.3, iso27001/A.8.32]}
passed contains "approved" if {
	count(change.demands) > 0
	approvals := changes.counted(change)
	every demand in change.demands {
		changes.met(demand, approvals)
	}
}

# METADATA
# title: every path that is touched belongs to somebody
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.5.9, iso27001/A.8.32]}
passed contains "owned" if change.unowned == 0

# METADATA
# title: everybody who wrote, committed, signed or opened the change is somebody whom OWNERS.yaml lists
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.5.3, iso27001/A.5.16]}
passed contains "authors_known" if change.strangers == 0

# METADATA
# title: the protected branch is still where the change begins, or is at the change already
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "at_base" if change.tip in {change.base, change.head}

# METADATA
# title: the change has the tree that whoever merges was shown
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "tree_seen" if input.context.tree == change.tree

# METADATA
# title: the branch of the change is where it was when it was approved
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
# title: whoever merges has signed in with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "second_factor" if input.subject.properties.second_factor == true

decision := gates.decision("policies.merge", required, passed, [])
