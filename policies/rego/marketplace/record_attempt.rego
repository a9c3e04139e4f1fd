package marketplace.record_attempt

# An attempt to buy that was denied is remembered, so that the next one is measured on it; where it was blocked or held,
# a person looks into it.
import rego.v1

import data.lib.gates

required := {"attributed", "authorised", "looked_into"}

limits := data.thresholds.marketplace.record_attempt

# METADATA
# title: fraud detection itself asks, and nobody in its name
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if {
	input.subject.type == "service"
	input.subject.id == limits.recorded_by
}

# METADATA
# title: the decision that denied the attempt is named
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC7.3, iso27001/A.8.15]}
passed contains "attributed" if input.resource.properties.decision != ""

# METADATA
# title: an attempt that was blocked or held opens a case
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC7.3, iso27001/A.5.25]}
passed contains "looked_into" if input.resource.properties.opens_case == true

passed contains "looked_into" if input.resource.properties.verdict in limits.without_case

decision := gates.decision("marketplace.record_attempt", required, passed, [])
