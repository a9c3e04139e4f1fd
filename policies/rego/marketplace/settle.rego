package marketplace.settle

# A payment that was permitted is gone on with: what the provider was asked for, and nobody knows whether it did it, is
# asked for again under the same key; what it has said of a payout is booked.
import rego.v1

import data.lib.clock
import data.lib.gates

required := {"authorised", "key_known", "left", "open"}

limits := data.thresholds.marketplace.settle

age := clock.now - clock.at(input.resource.properties.since)

# METADATA
# title: a payment is settled by the job that settles payments
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if input.subject.id == "marketplace.settle_payments"

# METADATA
# title: it is not settled yet
# custom: {severity: high, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "open" if input.resource.properties.state in {"pending", "reported"}

# METADATA
# title: whoever asked for it first has had time to end
# custom: {severity: medium, enforcement: blocking, controls: [soc2/PI1.2, iso27001/A.8.26]}
passed contains "left" if age >= clock.minutes(limits.min_age_minutes)

passed contains "left" if input.resource.properties.state == "reported"

# METADATA
# title: the payment provider still knows the key under which it was asked, so that nothing is done twice
# custom: {severity: critical, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "key_known" if {
	age >= 0
	age < clock.hours(limits.key_hours)
}

passed contains "key_known" if input.resource.properties.state == "reported"

decision := gates.decision("marketplace.settle", required, passed, [])
