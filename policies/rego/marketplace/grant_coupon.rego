package marketplace.grant_coupon

# Somebody grants a discount, and bears it: a developer on agents of their own, or finance for the platform.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.roles

required := {"authorised", "credit_funded", "discount_bounded", "referral_settled", "use_bounded"}

limits := data.thresholds.marketplace.grant_coupon[input.context.funding]

# METADATA
# title: the discount is granted by whoever bears it, a developer on their own agents or finance for the platform
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.3, iso27001/A.8.3]}
passed contains "authorised" if {
	input.subject.type == "developer"
	input.subject.id == input.resource.properties.developer
	input.context.funding == "developer"
}

passed contains "authorised" if {
	input.subject.type == "officer"
	roles.holds(input.subject, {"finance"})
	input.context.funding == "platform"
}

# METADATA
# title: a credit is granted by the platform, because no agent bears it
# custom: {severity: high, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "credit_funded" if input.context.discount in {"annual", "first_month", "volume"}

passed contains "credit_funded" if input.context.funding == "platform"

# METADATA
# title: the discount is no larger than the limit of whoever bears it
# custom: {severity: high, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "discount_bounded" if {
	input.context.basis_points <= limits.most_basis_points
	input.context.amount_minor <= limits.most_minor
}

# METADATA
# title: the discount is granted no more often, and for no longer, than the limit of whoever bears it
# custom: {severity: medium, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "use_bounded" if {
	input.context.uses <= limits.most_uses
	input.context.days <= limits.most_days
}

# METADATA
# title: a referral is credited once, by its amount, when the order can be taken back no more
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC3.3, soc2/PI1.3, iso27001/A.8.26]}
passed contains "referral_settled" if input.resource.properties.referral.named == false

passed contains "referral_settled" if {
	referral := input.resource.properties.referral
	referral.withdrawn == false
	referral.granted == false
	clock.at(referral.refundable_until) <= clock.now
	input.context.discount == "credit"
	input.context.uses == 1
	input.context.amount_minor == data.market_rates.referral.credit
	input.context.currency == data.market_rates.referral.currency
}

decision := gates.decision("marketplace.grant_coupon", required, passed, [])
