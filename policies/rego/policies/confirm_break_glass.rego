package policies.confirm_break_glass

# A second person stands by what one has set aside alone.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.persons
import data.lib.roles

required := {"authorised", "in_time", "not_own", "open", "second_factor"}

broken := input.resource.properties

# METADATA
# title: whoever confirms holds the role, and policy lists it among the approvers for this gate
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.2]}
passed contains "authorised" if {
	input.context.role in data.overrides.approvers[broken.action][broken.gate]
	input.context.role in roles.of(input.subject)
}

# METADATA
# title: it waits for its confirmation
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "open" if broken.open == true

# METADATA
# title: it has not closed for want of a confirmation
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "in_time" if clock.now < clock.at(broken.at) + clock.minutes(broken.minutes)

# METADATA
# title: nobody confirms what they broke or use
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC8.1, iso27001/A.5.3]}
passed contains "not_own" if {
	persons.differ(input.subject.id, broken.by)
	persons.differ(input.subject.id, broken.user)
}

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if input.subject.properties.second_factor == true

decision := gates.decision("policies.confirm_break_glass", required, passed, [])
