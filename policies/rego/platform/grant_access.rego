package platform.grant_access

# Permissions are added to an account. Which role may have which, and which go not together, stands in data.access.
import rego.v1

import data.lib.gates
import data.lib.persons
import data.lib.recency

required := {"authorised", "duties_separated", "least_privilege", "not_own", "own_tenant", "reviewed"}

account := input.resource.properties

# METADATA
# title: access is granted by an administrator of access
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.2, iso27001/A.5.18, hipaa/164.308(a)(4)]}
passed contains "authorised" if "access_administrator" in input.subject.properties.roles

# METADATA
# title: the account belongs to the tenant of the administrator
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.3]}
passed contains "own_tenant" if account.tenant == input.subject.properties.tenant

# METADATA
# title: nobody grants access to themselves
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.3]}
passed contains "not_own" if persons.differ(account.person, input.subject.id)

# METADATA
# title: the role of the account covers every permission asked for
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.2, hipaa/164.502(b)]}
passed contains "least_privilege" if {
	count(input.context.permissions) > 0
	every permission in input.context.permissions {
		permission in data.access.roles[account.role]
	}
}

# METADATA
# title: with what it has already, the account gets no two permissions that must lie in different hands
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.3, hipaa/164.308(a)(4)]}
passed contains "duties_separated" if {
	together := array.concat(account.permissions, input.context.permissions)
	every pair in data.access.conflicts {
		count({permission | some permission in pair; permission in together}) < 2
	}
}

# METADATA
# title: the review of the account's access is not overdue
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.2, iso27001/A.5.18, hipaa/164.308(a)(4)]}
passed contains "reviewed" if {
	recency.within_days(account.reviewed_at, data.thresholds.platform.grant_access.review_days)
}

decision := gates.decision("platform.grant_access", required, passed, [])
