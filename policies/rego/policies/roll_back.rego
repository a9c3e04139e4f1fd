package policies.roll_back

# Policies that were in force before are put in force again. That can be urgent, so that no window has to be open.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"activated", "authorised", "tested", "verified"}

commit := input.resource.properties

# METADATA
# title: whoever rolls back is appointed to, or works on the node with its keys
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC8.1, iso27001/A.5.15]}
passed contains "authorised" if roles.holds(input.subject, {"ciso", "policy_admin"})

passed contains "authorised" if {
	input.subject.type == "job"
	input.subject.id == "node"
}

# METADATA
# title: the commit was in force before
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "activated" if commit.approval == "activated"

# METADATA
# title: the commit is part of a history whose signatures count
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.4, iso27001/A.8.32]}
passed contains "verified" if commit.verified == true

# METADATA
# title: the policies are admitted, and their tests pass
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.29]}
passed contains "tested" if commit.tested == true

# Somebody asks afterwards why it had to be.
decision := gates.decision("policies.roll_back", required, passed, [{"id": "review_roll_back", "type": "review"}])
