package policies.approve_override

# One of two persons agrees that a gate be set aside.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.persons
import data.lib.roles

required := {"another_person", "another_role", "authorised", "no_silent_renewal", "not_own", "open", "second_factor"}

wanted := input.resource.properties

role := input.context.role

# METADATA
# title: whoever approves holds the role, and policy lists it for this gate
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.2]}
passed contains "authorised" if {
	role in data.overrides.approvers[wanted.action][wanted.gate]
	role in roles.of(input.subject)
}

# METADATA
# title: the override still waits for approval
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "open" if wanted.open == true

# METADATA
# title: nobody approves what they asked for or would use
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC8.1, iso27001/A.5.3]}
passed contains "not_own" if {
	persons.differ(input.subject.id, wanted.by)
	persons.differ(input.subject.id, wanted.user)
}

# METADATA
# title: nobody approves twice
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC8.1, iso27001/A.5.3]}
passed contains "another_person" if {
	every approval in wanted.approvals {
		persons.differ(input.subject.id, approval.person)
	}
}

# METADATA
# title: the second approval comes from another role than the first
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC8.1, iso27001/A.5.3]}
passed contains "another_role" if {
	every approval in wanted.approvals {
		role != approval.role
	}
}

# METADATA
# title: nobody approves an override again soon after an earlier one of the same scope has ended
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC8.1, iso27001/A.5.3]}
passed contains "no_silent_renewal" if {
	every earlier in wanted.earlier {
		stale(earlier)
	}
}

stale(earlier) if persons.differ(input.subject.id, earlier.person)

stale(earlier) if {
	is_number(data.overrides.gap_hours)
	clock.at(earlier.ended_at) + clock.hours(data.overrides.gap_hours) <= clock.now
}

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if input.subject.properties.second_factor == true

decision := gates.decision("policies.approve_override", required, passed, [])
