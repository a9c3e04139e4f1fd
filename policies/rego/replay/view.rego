package replay.view

# A person looks at a recorded run. What is shown is redacted.
import rego.v1

import data.lib.gates
import data.lib.residency

required := {"authorised", "own_tenant", "redacted", "region_allowed"}

# METADATA
# title: the run is viewed by somebody whose role lets them
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3, hipaa/164.312(a)(1)]}
passed contains "authorised" if {
	some role in input.subject.properties.roles
	role in {"auditor", "engineer", "privacy_officer", "viewer"}
}

# METADATA
# title: the run belongs to the tenant of whoever views it
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.3]}
passed contains "own_tenant" if input.resource.properties.tenant == input.subject.properties.tenant

# METADATA
# title: the redaction of the run is complete
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.25, hipaa/164.502(b), iso27001/A.8.11]}
passed contains "redacted" if input.resource.properties.redaction.complete == true

# METADATA
# title: the run is shown where the data may be
# custom: {severity: high, enforcement: blocking, controls: [gdpr/Art.44, soc2/CC6.7, iso27001/A.5.14]}
passed contains "region_allowed" if residency.stays(input.resource.properties.residency, input.context.region)

passed contains "region_allowed" if {
	facts := input.resource.properties
	residency.crosses(facts.residency, input.context.region, facts.transfer_consent)
}

decision := gates.decision("replay.view", required, passed, [])
