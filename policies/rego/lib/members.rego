package lib.members

import rego.v1

# A member of a workspace holds one of `roles` in it. `facts` {"workspace", "role"} are the subject's.
holds(facts, workspace, roles) if {
	facts.workspace == workspace
	facts.role in roles
}
