package engagements.answer

# The entity speaks to its auditors: adds requests, answers them, says that one is provided, attaches evidence.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.roles

required := {"authorised", "open", "second_factor", "unsettled"}

answerers := {"ciso", "compliance_officer", "policy_admin", "policy_author", "security_officer"}

engagement := input.resource.properties

# METADATA
# title: whoever answers holds one of the roles that controls belong to
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC2.3, soc2/CC6.3, iso27001/A.5.35]}
passed contains "authorised" if roles.holds(input.subject, answerers)

# METADATA
# title: the engagement has not ended, so that auditors can read the answer
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC2.3, iso27001/A.5.28]}
passed contains "open" if {
	engagement.state == "open"
	clock.now < clock.at(engagement.ends)
}

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if input.subject.properties.second_factor == true

# METADATA
# title: what auditors have accepted or withdrawn gets no other evidence
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC2.3, iso27001/A.5.28, iso27001/A.5.33]}
passed contains "unsettled" if engagement.object.kind in {"message", "request"}

passed contains "unsettled" if engagement.object.state in {"open", "provided", "returned"}

decision := gates.decision("engagements.answer", required, passed, [])
