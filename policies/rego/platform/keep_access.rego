package platform.keep_access

# A job asks for each account whether it may keep its access.
import rego.v1

import data.lib.gates
import data.lib.persons
import data.lib.recency

required := {"confirmed", "in_use", "reviewed", "reviewed_by_another"}

limits := data.thresholds.platform.keep_access

# METADATA
# title: the review of the account's access is not overdue
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.2, iso27001/A.5.18, hipaa/164.308(a)(4)]}
passed contains "reviewed" if recency.within_days(input.resource.properties.review.at, limits.review_days)

# METADATA
# title: the access was reviewed by another person than who has it
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.3, iso27001/A.5.18]}
passed contains "reviewed_by_another" if {
	persons.differ(input.resource.properties.review.reviewer, input.resource.properties.person)
}

# METADATA
# title: the review has confirmed the access
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.2, soc2/CC6.3, iso27001/A.5.18]}
passed contains "confirmed" if input.resource.properties.review.outcome == "confirmed"

# METADATA
# title: the access is used
# custom: {severity: medium, enforcement: monitoring, controls: [soc2/CC6.2, iso27001/A.5.18]}
passed contains "in_use" if recency.within_days(input.resource.properties.used_at, limits.unused_days)

decision := gates.decision("platform.keep_access", required, passed, [])
