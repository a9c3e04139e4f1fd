package replay.replay

# A recorded run is run again. Every effect is answered from the recording; nothing outside is called.
import rego.v1

import data.lib.gates
import data.lib.residency

required := {"authorised", "intact", "own_tenant", "recorded_effects", "redacted", "region_allowed"}

# METADATA
# title: the run is replayed by an engineer or by the service that tests recordings
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3, hipaa/164.312(a)(1)]}
passed contains "authorised" if {
	input.subject.type == "user"
	"engineer" in input.subject.properties.roles
}

passed contains "authorised" if {
	input.subject.type == "service"
	"replay_tester" in input.subject.properties.roles
}

# METADATA
# title: the run belongs to the tenant of whoever replays it
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.3]}
passed contains "own_tenant" if input.resource.properties.tenant == input.subject.properties.tenant

# METADATA
# title: the recording is complete and its digests are verified
# custom: {severity: high, enforcement: blocking, controls: [soc2/PI1.3, hipaa/164.312(c)(1), iso27001/A.5.33]}
passed contains "intact" if {
	input.resource.properties.recording.complete == true
	input.resource.properties.recording.verified == true
}

# METADATA
# title: every effect is answered from the recording
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.31]}
passed contains "recorded_effects" if input.context.effects == "recorded"

# METADATA
# title: the redaction of the run is complete
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.25, hipaa/164.502(b), iso27001/A.8.11]}
passed contains "redacted" if input.resource.properties.redaction.complete == true

# METADATA
# title: the run is replayed where the data may be
# custom: {severity: high, enforcement: blocking, controls: [gdpr/Art.44, soc2/CC6.7, iso27001/A.5.14]}
passed contains "region_allowed" if residency.stays(input.resource.properties.residency, input.context.region)

passed contains "region_allowed" if {
	facts := input.resource.properties
	residency.crosses(facts.residency, input.context.region, facts.transfer_consent)
}

decision := gates.decision("replay.replay", required, passed, [])
