package frameworks.remediate

# Something is done about a finding: what its test declares, or what a person says was done by hand.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"authorised", "known", "open", "second_factor"}

finding := input.resource.properties

menders := {"ciso", "compliance_officer", "policy_admin", "security_officer"}

# METADATA
# title: whoever remediates answers for the control, or is the job that tests controls and may do this by itself
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC7.4, iso27001/A.8.2]}
passed contains "authorised" if {
	input.subject.type == "job"
	input.subject.id == "frameworks.test_controls"
	data.remediations[finding.remediation].automatic == true
}

passed contains "authorised" if roles.holds(input.subject, menders | {finding.owner})

# METADATA
# title: the finding waits for it
# custom: {severity: low, enforcement: blocking, controls: [soc2/CC4.2, iso27001/10.2]}
passed contains "open" if finding.state in {"accepted", "open"}

# METADATA
# title: policy lists what the test declares, or a person says what was done by hand
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC4.2, soc2/CC8.1, iso27001/10.2]}
passed contains "known" if {
	input.context.by_hand == false
	data.remediations[finding.remediation]
}

passed contains "known" if {
	input.subject.type == "officer"
	input.context.by_hand == true
	regex.match(`^[\s\S]{8}`, input.context.note)
}

# METADATA
# title: the session of a person was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if input.subject.type == "job"

passed contains "second_factor" if input.subject.properties.second_factor == true

decision := gates.decision("frameworks.remediate", required, passed, [])
