package lib.changes

# A change request for policies, as its facts describe it: `change` are the properties of the resource.
import rego.v1

import data.lib.persons

# Neither merged nor withdrawn, nor overtaken by another.
alive(change) if change.status in {"draft", "open", "checked", "approved"}

# Every check that is wanted was made of exactly this tree, and each that was made has passed.
checked(change) if {
	every check in change.checks {
		check.status == "passed"
	}
	every name in data.thresholds.policies.change.required_checks {
		some check in change.checks
		check.name == name
		check.tree == change.tree
	}
}

# Nobody who wrote, signed or opened any of it.
uninvolved(change, person) if {
	every author in change.authors {
		persons.differ(author, person)
	}
}

# The approvals that count: of this tree, by somebody uninvolved, who gave none in another role.
counted(change) := [approval |
	some approval in change.approvals
	approval.tree == change.tree
	uninvolved(change, approval.person)
	every other in change.approvals {
		agree(approval, other)
	}
]

agree(one, other) if persons.differ(one.person, other.person)

agree(one, other) if one.role == other.role

# So many persons, in so many different roles, as an entry of OWNERS.yaml asks for.
met(demand, approvals) if {
	fitting := [approval | some approval in approvals; approval.role in demand.roles]
	count({lower(approval.person) | some approval in fitting}) >= demand.quorum
	count({approval.role | some approval in fitting}) >= demand.distinct_roles
}
