package marketplace.promote

# A listing is shown first for money, and labelled so. It earns no badge by that.
import rego.v1

import data.lib.gates

required := {"authorised", "limited", "on_sale", "priced"}

limits := data.thresholds.marketplace.promote

# METADATA
# title: the listing is promoted by its developer
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if {
	input.subject.type == "developer"
	input.subject.id == input.resource.properties.developer
}

# METADATA
# title: what is promoted is on sale, and not about to end
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.22]}
passed contains "on_sale" if input.resource.properties.state == "listed"

# METADATA
# title: the fee of a month lies within the range of its currency
# custom: {severity: medium, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "priced" if {
	range := limits.fee_minor_per_month[input.context.fee.currency]
	range.least <= input.context.fee.minor
	input.context.fee.minor <= range.most
}

# METADATA
# title: a promotion is bought for so many months at most
# custom: {severity: low, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "limited" if input.context.months <= limits.max_months

decision := gates.decision(
	"marketplace.promote",
	required,
	passed,
	[{"id": "label_promoted", "type": "notice"}],
)
