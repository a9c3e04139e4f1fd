package marketplace.price

# A developer says what an agent costs.
import rego.v1

import data.lib.gates

required := {"agreement", "authorised", "currency_taken", "few_enough", "in_bounds"}

limits := data.thresholds.marketplace.price

# METADATA
# title: an agent is priced by the developer it belongs to
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if input.subject.id == input.resource.properties.developer

# METADATA
# title: the developer has accepted the developer agreement
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.20]}
passed contains "agreement" if input.subject.properties.agreement.accepted == true

# METADATA
# title: the currency is one that the marketplace takes
# custom: {severity: medium, enforcement: blocking, controls: [soc2/PI1.2, iso27001/A.8.26]}
passed contains "currency_taken" if input.context.currency in limits.currencies

# METADATA
# title: no unit costs more than the limit
# custom: {severity: medium, enforcement: blocking, controls: [soc2/PI1.2, iso27001/A.8.26]}
passed contains "in_bounds" if input.context.highest_minor <= limits.most_minor

# METADATA
# title: an agent has no more plans on sale than the limit
# custom: {severity: low, enforcement: blocking, controls: [soc2/PI1.2, iso27001/A.8.26]}
passed contains "few_enough" if input.resource.properties.plans < limits.most_plans

decision := gates.decision("marketplace.price", required, passed, [])
