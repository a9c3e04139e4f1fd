package policies.scan_drift

# Somebody compares the policies that decide with those that are declared.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"authorised"}

watchers := {"ciso", "compliance_officer", "policy_admin", "security_officer"}

# METADATA
# title: whoever compares is the job that does so, or holds a role that watches over policies
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC7.1, iso27001/A.8.3, iso27001/A.8.9]}
passed contains "authorised" if {
	input.subject.type == "job"
	input.subject.id == "policies.scan_drift"
}

passed contains "authorised" if roles.holds(input.subject, watchers)

decision := gates.decision("policies.scan_drift", required, passed, [])
