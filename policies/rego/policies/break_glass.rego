package policies.break_glass

# One person sets a gate aside at once, alone. A second confirms it within minutes, or it closes.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.roles

required := {"authorised", "no_silent_renewal", "not_running", "reviews_done", "second_factor", "within_limits"}

asked := input.context

facts := input.resource.properties

# METADATA
# title: whoever breaks the glass holds the role, and policy lists it for this gate
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.2]}
passed contains "authorised" if {
	asked.role in data.overrides.break_glass[asked.action][asked.gate]
	asked.role in roles.of(input.subject)
}

# METADATA
# title: it would be open no longer than policy has
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "within_limits" if {
	hours := data.overrides.break_glass_hours[asked.action][asked.gate]
	is_number(hours)
	asked.hours <= hours
}

# METADATA
# title: no other override of the same scope is asked for or in force
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "not_running" if facts.running == false

# METADATA
# title: the last broken glass of the same scope has been closed for long enough
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC8.1, iso27001/A.5.3]}
passed contains "no_silent_renewal" if {
	every ended in facts.earlier {
		clock.at(ended) + clock.hours(data.overrides.gap_hours) <= clock.now
	}
}

# METADATA
# title: no review of glass that this person has broken is overdue
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC7.3, iso27001/A.5.27]}
passed contains "reviews_done" if {
	every due in facts.reviews {
		clock.now <= clock.at(due)
	}
}

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if input.subject.properties.second_factor == true

decision := gates.decision("policies.break_glass", required, passed, [])
