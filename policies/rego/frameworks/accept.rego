package frameworks.accept

# A person would live with a finding until a day. It takes two persons in two roles, who name the same day.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.persons
import data.lib.roles

required := {"another", "authorised", "in_time", "open", "second_factor"}

finding := input.resource.properties

acceptors := {"ciso", "compliance_officer", "security_officer"}

longest := data.thresholds.frameworks.accept.max_days[finding.severity]

# METADATA
# title: whoever accepts holds the role, and it is one that answers for risks or for the control
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC3.2, soc2/CC6.3, iso27001/6.1.3]}
passed contains "authorised" if {
	input.context.role in roles.of(input.subject)
	input.context.role in acceptors | {finding.owner}
}

# METADATA
# title: the finding has not been dealt with
# custom: {severity: low, enforcement: blocking, controls: [soc2/CC4.2, iso27001/10.2]}
passed contains "open" if finding.state in {"open", "remediating"}

# METADATA
# title: it is another person, in another role, than whoever would accept it already
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.3]}
passed contains "another" if {
	every approval in finding.approvals {
		persons.differ(input.subject.id, approval.person)
		approval.role != input.context.role
	}
}

# METADATA
# title: it is open again in time, the sooner the more it matters
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC3.2, soc2/CC4.2, iso27001/6.1.3]}
passed contains "in_time" if {
	until := clock.at(input.context.until)
	clock.now < until
	is_number(longest)
	until <= clock.now + clock.days(longest)
}

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if input.subject.properties.second_factor == true

decision := gates.decision("frameworks.accept", required, passed, [])
