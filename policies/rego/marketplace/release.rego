package marketplace.release

# What was held of a sale becomes the developer's to be paid out: the most of it after some days, the reserve later.
import rego.v1

import data.lib.clock
import data.lib.gates

required := {"authorised", "held", "once", "undisputed"}

limits := data.thresholds.marketplace.release

hold := input.resource.properties

days := limits.reserve_days if hold.kind == "reserve"

days := limits.new_developer_hold_days if {
	hold.kind == "escrow"
	new_developer
}

days := limits.hold_days if {
	hold.kind == "escrow"
	not new_developer
}

new_developer if clock.now - clock.at(hold.developer_since) < clock.days(limits.new_developer_days)

# METADATA
# title: what is held is let go by the job that looks after holds
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if input.subject.id == "marketplace.release_holds"

# METADATA
# title: it was held for long enough, for longer where the developer is new
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC3.3, soc2/PI1.3, iso27001/A.8.26]}
passed contains "held" if clock.now - clock.at(hold.held_since) >= clock.days(days)

# METADATA
# title: it was not let go before
# custom: {severity: critical, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "once" if hold.released == false

# METADATA
# title: no dispute of the order is open
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC3.3, soc2/PI1.3, iso27001/A.8.26]}
passed contains "undisputed" if hold.disputed == false

decision := gates.decision("marketplace.release", required, passed, [])
