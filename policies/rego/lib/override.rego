package lib.override

# An exception from one gate, granted by two persons and for a short time. data.overrides says which gates of which
# actions can be overridden at all, by whom, and for how long at most.
import rego.v1

import data.lib.clock
import data.lib.persons

# `grant` is {"scope", "expires_at", "approvals": [{"person", "role", "at"}]}, `scope` {"action", "gate", "resource"},
# `person` who would use it. An approval counts where it is given by another person, in a role that may, at most
# data.overrides.max_hours before the grant expires: so the hours begin with the first approval that counts.
valid(grant, scope, person) if {
	grant.scope == scope
	roles := data.overrides.approvers[scope.action][scope.gate]
	ends := clock.at(grant.expires_at)
	clock.now < ends
	longest := clock.hours(data.overrides.max_hours)
	counted := [approval |
		some approval in grant.approvals
		persons.differ(approval.person, person)
		approval.role in roles
		at := clock.at(approval.at)
		at <= clock.now
		ends - at <= longest
	]
	count({lower(approval.person) | some approval in counted}) >= 2
	every role in roles {
		some approval in counted
		approval.role == role
	}
}
