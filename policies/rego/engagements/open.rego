package engagements.open

# An officer opens an engagement, says who takes part and how long, or ends it.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.roles

required := {"authorised", "bounded", "firm_active", "live", "period", "second_factor"}

openers := {"ciso", "compliance_officer"}

longest := data.thresholds.engagements.longest_access_days

engagement := input.resource.properties

# What only takes access away needs no more than somebody who may.
ending if input.context.change in {"end", "remove_member"}

# METADATA
# title: whoever opens an engagement holds a role that answers for audits
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.2, soc2/CC6.3, iso27001/A.5.18]}
passed contains "authorised" if roles.holds(input.subject, openers)

# METADATA
# title: access ends by itself, in the future, and lasts no longer than policy has
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.2, iso27001/A.5.18]}
passed contains "bounded" if {
	is_number(longest)
	starts := clock.at(input.context.starts)
	ends := clock.at(input.context.ends)
	starts < ends
	clock.now < ends
	ends <= starts + clock.days(longest)
}

passed contains "bounded" if ending

# METADATA
# title: the firm is active
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.18]}
passed contains "firm_active" if engagement.firm_state == "active"

passed contains "firm_active" if ending

# METADATA
# title: an engagement is opened once, and one that was ended stays so
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.2, iso27001/A.5.18]}
passed contains "live" if {
	input.context.change == "open"
	engagement.state == "none"
}

passed contains "live" if {
	input.context.change != "open"
	engagement.state == "open"
}

# METADATA
# title: what is audited is a period
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC2.3, iso27001/A.5.35]}
passed contains "period" if clock.at(input.context.period_start) < clock.at(input.context.period_end)

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if input.subject.properties.second_factor == true

decision := gates.decision("engagements.open", required, passed, [])
