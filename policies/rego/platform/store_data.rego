# METADATA
# custom: {retention: hipaa6y}
package platform.store_data

# A job or a service writes data to a store. Health data (PHI) are never written in the clear.
import rego.v1

import data.lib.gates
import data.lib.residency

required := {"classified", "encrypted", "region_allowed"}

limits := data.thresholds.platform.store_data

# METADATA
# title: the data have been searched for health data
# custom: {severity: high, enforcement: blocking, controls: [soc2/C1.1, iso27001/A.5.12, iso27001/A.8.12]}
passed contains "classified" if input.resource.properties.phi.searched == true

# METADATA
# title: where health data are present, they are encrypted at rest
# custom: {severity: critical, enforcement: blocking, controls: [hipaa/164.312(a)(2)(iv), gdpr/Art.32, soc2/CC6.1]}
passed contains "encrypted" if {
	input.resource.properties.phi.searched == true
	input.resource.properties.phi.present == false
}

passed contains "encrypted" if {
	input.resource.properties.encryption.at_rest == true
	input.resource.properties.encryption.cipher in limits.ciphers
}

# METADATA
# title: the store lies where the data may be
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.44, soc2/CC6.7, iso27001/A.5.14]}
passed contains "region_allowed" if {
	residency.stays(input.resource.properties.residency, input.resource.properties.region)
}

passed contains "region_allowed" if {
	facts := input.resource.properties
	residency.crosses(facts.residency, facts.region, facts.transfer_consent)
}

decision := gates.decision("platform.store_data", required, passed, [])
