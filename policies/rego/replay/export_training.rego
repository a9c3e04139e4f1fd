package replay.export_training

# A run becomes training data. Everybody whose data it holds has consented, and can take that back.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.residency

required := {
	"authorised",
	"consent_given",
	"consent_in_force",
	"own_tenant",
	"redacted",
	"region_allowed",
	"successful",
}

consents := input.resource.properties.consents

# METADATA
# title: the run is exported by a trainer
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if "trainer" in input.subject.properties.roles

# METADATA
# title: the run belongs to the tenant of the trainer
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.3]}
passed contains "own_tenant" if input.resource.properties.tenant == input.subject.properties.tenant

# METADATA
# title: each person whose data the run holds has consented to training
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.6, gdpr/Art.7, eu-ai-act/Art.10, soc2/P3.2]}
passed contains "consent_given" if {
	count({lower(consent.person) | some consent in consents}) == input.resource.properties.people
	every consent in consents {
		consent.purpose == "training"
		clock.at(consent.given_at) <= clock.now
	}
}

# METADATA
# title: no consent has been revoked or has expired
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.7, soc2/P2.1, iso27001/A.5.34]}
passed contains "consent_in_force" if {
	every consent in consents {
		consent.revoked == false
		clock.at(consent.expires_at) > clock.now
	}
}

# METADATA
# title: what is exported is the redacted view of a run whose redaction is complete
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.25, hipaa/164.502(b), iso27001/A.8.11]}
passed contains "redacted" if {
	input.resource.properties.redaction.complete == true
	input.context.view == "redacted"
}

# METADATA
# title: the training data go where the data may be
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.44, soc2/CC6.7, iso27001/A.5.14]}
passed contains "region_allowed" if residency.stays(input.resource.properties.residency, input.context.region)

passed contains "region_allowed" if {
	facts := input.resource.properties
	residency.crosses(facts.residency, input.context.region, facts.transfer_consent)
}

# METADATA
# title: the run has succeeded
# custom: {severity: medium, enforcement: blocking, controls: [eu-ai-act/Art.10, soc2/PI1.2]}
passed contains "successful" if input.resource.properties.outcome == "succeeded"

decision := gates.decision("replay.export_training", required, passed, [{"id": "attach_consents", "type": "execution"}])
