package replay.record

# The recorder stores a snapshot of a run. What it stores is redacted before it is written, and encrypted.
import rego.v1

import data.lib.gates
import data.lib.residency

required := {
	"authorised",
	"detection_complete",
	"encrypted",
	"own_tenant",
	"redacted",
	"region_allowed",
	"reproducible",
}

limits := data.thresholds.replay.record

# METADATA
# title: the snapshot is stored by the recorder
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3, iso27001/A.8.15]}
passed contains "authorised" if "recorder" in input.subject.properties.roles

# METADATA
# title: the run belongs to the tenant that the recorder works for
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.3]}
passed contains "own_tenant" if input.resource.properties.tenant == input.subject.properties.tenant

# METADATA
# title: personal data are replaced by placeholders before the snapshot is written
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.25, hipaa/164.502(b), iso27001/A.8.11]}
passed contains "redacted" if {
	input.resource.properties.redaction.enabled == true
	input.resource.properties.redaction.before_storage == true
}

# METADATA
# title: every kind of personal data that policy names has been looked for
# custom: {severity: high, enforcement: blocking, controls: [gdpr/Art.25, soc2/C1.1, iso27001/A.5.34, iso27001/A.8.11]}
passed contains "detection_complete" if {
	every kind in limits.detectors {
		kind in input.resource.properties.redaction.detectors
	}
}

# METADATA
# title: the snapshot and what its placeholders stand for are stored encrypted
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.32, hipaa/164.312(a)(2)(iv), iso27001/A.8.24]}
passed contains "encrypted" if {
	input.resource.properties.encryption.snapshot in limits.ciphers
	input.resource.properties.encryption.placeholders in limits.ciphers
}

# METADATA
# title: the snapshot is stored where the data may be
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.44, soc2/CC6.7, iso27001/A.5.14]}
passed contains "region_allowed" if {
	residency.stays(input.resource.properties.residency, input.resource.properties.region)
}

passed contains "region_allowed" if {
	facts := input.resource.properties
	residency.crosses(facts.residency, facts.region, facts.transfer_consent)
}

# METADATA
# title: the version of the model and the seed are recorded
# custom: {severity: low, enforcement: monitoring, controls: [eu-ai-act/Art.12, soc2/PI1.2]}
passed contains "reproducible" if {
	input.resource.properties.model.version_recorded == true
	input.resource.properties.model.seed_recorded == true
}

decision := gates.decision("replay.record", required, passed, [])
