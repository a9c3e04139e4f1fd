package lib.override

# An exception from one gate of one action, for one subject and one resource, for a short time. `data.overrides` says
# which gates can be overridden at all, by whom, and for how long at most. The decision point states the grants; what a
# caller writes about any is no fact.
import rego.v1

import data.lib.clock
import data.lib.persons

# `grant` is one of input.environment.overrides: {"id", "kind", "action", "gate", "subject", "resource", "by", "role",
# "from", "expires_at", "hours", "minutes", "approvals": [{"person", "role", "at"}]}. `by` is who asked for it, or broke
# the glass.
valid(grant, action, gate) if {
	scoped(grant, action, gate)
	clock.now < clock.at(grant.expires_at)
	agreed(grant, action, gate)
}

scoped(grant, action, gate) if {
	grant.action == action
	grant.gate == gate
	grant.subject.type == input.subject.type
	grant.subject.id == input.subject.id
	grant.resource.type == input.resource.type
	grant.resource.id == input.resource.id
}

# Two persons in two roles, for no more hours than policy has, which begin with the first approval that counts.
agreed(grant, action, gate) if {
	grant.kind == "request"
	limit := data.overrides.max_duration_hours[action][gate]
	is_number(limit)
	grant.hours <= limit
	counted := [approval |
		some approval in approvals(grant, action, gate)
		clock.at(grant.expires_at) - clock.at(approval.at) <= clock.hours(grant.hours)
	]
	some one in counted
	some other in counted
	persons.differ(one.person, other.person)
	one.role != other.role
}

# One person breaks the glass. It closes where nobody has confirmed it in time.
agreed(grant, action, gate) if {
	grant.kind == "break_glass"
	limit := data.overrides.break_glass_hours[action][gate]
	is_number(limit)
	grant.hours <= limit
	grant.role in data.overrides.break_glass[action][gate]
	opened := clock.at(grant.from)
	opened <= clock.now
	clock.at(grant.expires_at) - opened <= clock.hours(grant.hours)
	patience := data.overrides.confirm_minutes[action][gate]
	is_number(patience)
	grant.minutes <= patience
	confirmed(grant, action, gate, opened + clock.minutes(grant.minutes))
}

confirmed(_, _, _, closes) if clock.now < closes

confirmed(grant, action, gate, closes) if {
	some approval in approvals(grant, action, gate)
	clock.at(grant.from) <= clock.at(approval.at)
	clock.at(approval.at) < closes
}

# The approvals that count: given by now, in a role that may, by neither who asked nor who would use it.
approvals(grant, action, gate) := [approval |
	some approval in grant.approvals
	approval.role in data.overrides.approvers[action][gate]
	clock.at(approval.at) <= clock.now
	persons.differ(approval.person, grant.by)
	persons.differ(approval.person, input.subject.id)
]
