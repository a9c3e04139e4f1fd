package marketplace.deprecate

# A listing is announced to end. It stays on sale, with a warning, until the date named.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.offices

required := {"authorised", "noticed", "successor_named"}

# METADATA
# title: the listing is deprecated by its developer or by trust and safety
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if {
	input.subject.type == "developer"
	input.subject.id == input.resource.properties.developer
}

passed contains "authorised" if offices.holds(input.subject, {"trust_and_safety"})

# METADATA
# title: buyers have enough notice before the listing ends
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC2.3, soc2/CC8.1, iso27001/A.8.32]}
passed contains "noticed" if {
	notice := clock.at(input.context.ends_at) - clock.now
	notice >= clock.days(data.thresholds.marketplace.deprecate.min_notice_days)
}

# METADATA
# title: buyers are given a migration guide or another listing as replacement
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC2.3, iso27001/A.8.32]}
passed contains "successor_named" if input.context.migration_guide == true

passed contains "successor_named" if input.context.replacement != input.resource.id

decision := gates.decision("marketplace.deprecate", required, passed, [])
