package marketplace.refund

# A buyer takes an order back.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.offices

required := {"authorised", "not_refunded", "within_paid", "within_window"}

# METADATA
# title: the refund is asked for by the buyer of the order or by an officer of support
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if {
	input.subject.type == "buyer"
	input.subject.id == input.resource.properties.buyer
}

passed contains "authorised" if offices.holds(input.subject, {"support"})

# METADATA
# title: the order was bought no longer ago than the refund window
# custom: {severity: medium, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.5.31]}
passed contains "within_window" if {
	age := clock.now - clock.at(input.resource.properties.purchased_at)
	age >= 0
	age <= clock.days(data.thresholds.marketplace.refund.window_days)
}

# METADATA
# title: the order has not been refunded in whole
# custom: {severity: high, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "not_refunded" if input.resource.properties.refunded == false

# METADATA
# title: what goes back is something, and all that went back is at most what was paid
# custom: {severity: critical, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "within_paid" if {
	input.context.amount_minor >= 1
	input.resource.properties.refunded_minor + input.context.amount_minor <= input.resource.properties.paid_minor
}

decision := gates.decision("marketplace.refund", required, passed, [])
