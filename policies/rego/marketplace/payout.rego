# METADATA
# custom: {durability: locked}
package marketplace.payout

# Money goes to a developer. Amounts are integers in minor units (cents), one currency to a payout; nothing is divided.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.sanctions

required := {"authorised", "held", "known", "no_debt", "not_sanctioned", "reserve_kept"}

limits := data.thresholds.marketplace.payout

# METADATA
# title: the payout is asked for by the developer it goes to or by the marketplace
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if {
	input.subject.type == "developer"
	input.subject.id == input.resource.properties.developer.id
}

passed contains "authorised" if input.subject.type == "service"

passed contains "authorised" if {
	input.subject.type == "job"
	input.subject.id == "marketplace.pay_out"
}

# METADATA
# title: the identity of the developer is established (KYC)
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.19, iso27001/A.5.31]}
passed contains "known" if input.resource.properties.developer.kyc_complete == true

# METADATA
# title: neither the country nor the legal entity of the developer is sanctioned
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.31]}
passed contains "not_sanctioned" if sanctions.clear(input.resource.properties.developer)

# METADATA
# title: the money has been held for long enough
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC3.3, soc2/PI1.3, iso27001/A.8.26]}
passed contains "held" if {
	clock.now - clock.at(input.resource.properties.held_since) >= clock.days(limits.min_hold_days)
}

# METADATA
# title: after the payout the reserve still holds its part of what the developer earned in the reserve period
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.1, soc2/PI1.3, iso27001/A.8.26]}
passed contains "reserve_kept" if {
	reserve := input.resource.properties.reserve
	reserve.period_days >= limits.reserve_days
	reserve.kept_minor * 10000 >= reserve.net_share_minor * limits.reserve_basis_points
}

# METADATA
# title: the developer owes the marketplace nothing
# custom: {severity: high, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "no_debt" if input.resource.properties.developer.debt_minor == 0

decision := gates.decision("marketplace.payout", required, passed, [])
