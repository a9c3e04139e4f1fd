package marketplace.feature

# A listing earns the badge `featured`. Paid placement is another matter: it is called promoted and asks no badge.
import rego.v1

import data.lib.gates

required := {"authorised", "available", "popular", "rated", "soaked", "stable", "supported"}

limits := data.thresholds.marketplace.feature

# METADATA
# title: the badge is asked for by the developer of the listing or by the marketplace
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if {
	input.subject.type == "developer"
	input.subject.id == input.resource.properties.developer
}

passed contains "authorised" if input.subject.type == "service"

passed contains "authorised" if {
	input.subject.type == "job"
	input.subject.id == "marketplace.award"
}

# METADATA
# title: buyers rate the listing well enough
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.22]}
passed contains "rated" if input.resource.properties.rating >= limits.min_rating

# METADATA
# title: the listing has been downloaded often enough
# custom: {severity: low, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.22]}
passed contains "popular" if input.resource.properties.downloads >= limits.min_downloads

# METADATA
# title: the listing has been up for enough of the time
# custom: {severity: high, enforcement: blocking, controls: [soc2/A1.1, iso27001/A.5.22]}
passed contains "available" if input.resource.properties.uptime_percent >= limits.min_uptime_percent

# METADATA
# title: the developer answers requests for support faster than the limit
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC2.3, iso27001/A.5.22]}
passed contains "supported" if input.resource.properties.support.response_hours < limits.support_response_hours_below

# METADATA
# title: the release has run in the soak test for long enough
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.29]}
passed contains "soaked" if input.resource.properties.soak.hours >= limits.min_soak_hours

# METADATA
# title: the release is no preview
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.29]}
passed contains "stable" if input.resource.properties.channel == "stable"

decision := gates.decision("marketplace.feature", required, passed, [])
