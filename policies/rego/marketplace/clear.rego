package marketplace.clear

# A person has looked at an order that was held, and says whether it is charged or refused.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"authorised", "held"}

# METADATA
# title: an order that was held is cleared by trust and safety
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC7.4, iso27001/A.8.3, gdpr/Art.22]}
passed contains "authorised" if roles.holds(input.subject, {"trust_and_safety"})

# METADATA
# title: the order is held
# custom: {severity: high, enforcement: blocking, controls: [soc2/PI1.3, iso27001/A.8.26]}
passed contains "held" if input.resource.properties.state == "held"

decision := gates.decision("marketplace.clear", required, passed, [])
