package marketplace.install

# A buyer is given a token to install a release, or uses one. What is decided when it is given is decided again when it is
# used: a release may be withdrawn in between.
import rego.v1

import data.lib.gates
import data.lib.sanctions

required := {"authorised", "bought", "fresh", "installable", "not_sanctioned", "same_bytes"}

limits := data.thresholds.marketplace.install

# METADATA
# title: the token is used by the buyer it was given to
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if input.resource.properties.buyer == input.subject.id

# METADATA
# title: the buyer has bought the agent, or it costs nothing
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC9.2, iso27001/A.5.32]}
passed contains "bought" if input.resource.properties.bought == true

# METADATA
# title: a token is used once, within the time it is good for
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.8.5]}
passed contains "fresh" if input.resource.properties.step == "issue"

passed contains "fresh" if {
	input.resource.properties.age_seconds <= limits.token_seconds
	input.resource.properties.redeemed < limits.redemptions
}

# METADATA
# title: the release is on sale, or, where the buyer names it, yanked; it is not quarantined
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.8, iso27001/A.8.7, iso27001/A.8.19]}
passed contains "installable" if {
	input.resource.properties.agent_state != "quarantined"
	input.resource.properties.state in {"listed", "preview"}
}

passed contains "installable" if {
	input.resource.properties.agent_state != "quarantined"
	input.resource.properties.state == "yanked"
	input.context.pinned == true
}

# METADATA
# title: the bytes are those that the token was given for
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.8, iso27001/A.5.21, iso27001/A.8.19]}
passed contains "same_bytes" if input.resource.properties.artifact == input.resource.properties.expected

# METADATA
# title: neither the country nor the legal entity of the buyer is sanctioned
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.31]}
passed contains "not_sanctioned" if sanctions.clear(input.subject.properties)

decision := gates.decision("marketplace.install", required, passed, [])
