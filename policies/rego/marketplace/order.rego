package marketplace.order

# A buyer has an order: it is kept, with its price, and then marketplace.purchase says whether it may be charged.
import rego.v1

import data.lib.gates
import data.lib.sanctions

required := {"authorised", "not_sanctioned", "stepped_up"}

# METADATA
# title: an order is placed and gone on with by the buyer whose order it is
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if input.subject.id == input.resource.properties.buyer

# METADATA
# title: neither the country nor the legal entity of the buyer is sanctioned
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.31]}
passed contains "not_sanctioned" if sanctions.clear(input.subject.properties)

# METADATA
# title: an order that waits for verification goes on after a second factor was shown
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "stepped_up" if input.resource.properties.state != "verifying"

passed contains "stepped_up" if input.context.second_factor == true

decision := gates.decision("marketplace.order", required, passed, [])
