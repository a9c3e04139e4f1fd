package policies.review_break_glass

# Somebody else looks afterwards at what one person has set aside alone.
import rego.v1

import data.lib.gates
import data.lib.persons
import data.lib.roles

required := {"authorised", "not_own", "open", "second_factor"}

broken := input.resource.properties

# METADATA
# title: whoever reviews holds the role, and policy lists it among the approvers for this gate
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.2]}
passed contains "authorised" if {
	input.context.role in data.overrides.approvers[broken.action][broken.gate]
	input.context.role in roles.of(input.subject)
}

# METADATA
# title: its review is still due
# custom: {severity: low, enforcement: blocking, controls: [soc2/CC7.3, iso27001/A.5.27]}
passed contains "open" if broken.open == true

# METADATA
# title: nobody reviews what they broke
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC8.1, iso27001/A.5.3]}
passed contains "not_own" if persons.differ(input.subject.id, broken.by)

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if input.subject.properties.second_factor == true

decision := gates.decision("policies.review_break_glass", required, passed, [])
