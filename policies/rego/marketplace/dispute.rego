package marketplace.dispute

# A buyer's bank has taken money back, or has decided whether it keeps it: what a verified webhook said is booked.
import rego.v1

import data.lib.gates

required := {"authorised", "follows", "within_paid"}

steps := {"reported": {"open"}, "open": {"won", "lost"}}

# METADATA
# title: a dispute is booked by the job that reads what the payment provider said
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if input.subject.id == "marketplace.book_disputes"

# METADATA
# title: a dispute is opened once, and ends once
# custom: {severity: high, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "follows" if input.resource.properties.step in steps[input.resource.properties.state]

# METADATA
# title: refunds and disputes together are at most what was paid
# custom: {severity: critical, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "within_paid" if input.resource.properties.amount_minor <= input.resource.properties.left_minor

passed contains "within_paid" if input.resource.properties.state == "open"

decision := gates.decision("marketplace.dispute", required, passed, [])
