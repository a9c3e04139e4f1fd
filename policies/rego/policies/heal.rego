package policies.heal

# What is in force was changed behind the back of the process: what was decided is put in force again, and nothing new.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"activated", "authorised", "blocking", "verified"}

healers := {"ciso", "policy_admin", "security_officer"}

# METADATA
# title: whoever heals is the job that looks for drift, or holds a role that answers for policies
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC7.4, iso27001/A.8.3]}
passed contains "authorised" if {
	input.subject.type == "job"
	input.subject.id == "policies.scan_drift"
}

passed contains "authorised" if roles.holds(input.subject, healers)

# METADATA
# title: what is put in force again is whole, and signed
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.9, iso27001/A.8.32]}
passed contains "verified" if input.resource.properties.verified == true

# METADATA
# title: it was put in force before, by a decision, or from a directory by whoever has the keys of the node
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "activated" if input.resource.properties.activated == true

# METADATA
# title: what differs can let something happen that a blocking rule would stop
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC7.4, iso27001/A.8.9]}
passed contains "blocking" if input.resource.properties.blocking == true

decision := gates.decision("policies.heal", required, passed, [])
