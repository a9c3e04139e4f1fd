package policies.open_change

# A change of the policies is proposed: a branch is put up for checks, approvals and a merge.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"authorised", "not_protected", "proposable"}

branch := input.resource.properties

# METADATA
# title: whoever proposes a change writes or answers for policies, or is a job of the service
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC8.1, iso27001/A.8.32]}
passed contains "authorised" if input.subject.type == "job"

passed contains "authorised" if {
	input.subject.type == "officer"
	proposers := {"ciso", "compliance_officer", "policy_admin", "policy_author", "security_officer"}
	count(roles.of(input.subject) & proposers) > 0
}

# METADATA
# title: the branch is not the protected one, which nobody but the service writes to
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.4, iso27001/A.8.32]}
passed contains "not_protected" if branch.protected == false

# METADATA
# title: the branch changes something and begins where the protected branch is now, or a patch has the name for itself
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "proposable" if {
	branch.source == "branch"
	branch.exists == true
	branch.continues == true
	branch.files > 0
}

passed contains "proposable" if {
	branch.source == "patch"
	branch.exists == false
}

decision := gates.decision("policies.open_change", required, passed, [])
