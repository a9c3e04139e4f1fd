package replay.archive

# A run moves to cold storage. The original goes only when the copy is known to be good.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.residency

required := {"authorised", "copy_verified", "encrypted", "old_enough", "own_tenant", "region_allowed"}

limits := data.thresholds.replay.archive

# METADATA
# title: the run is archived by the retention service or by a records manager
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3, iso27001/A.5.33]}
passed contains "authorised" if {
	input.subject.type == "service"
	"retention" in input.subject.properties.roles
}

passed contains "authorised" if {
	input.subject.type == "user"
	"records_manager" in input.subject.properties.roles
}

# METADATA
# title: the run belongs to the tenant of whoever archives it
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.3]}
passed contains "own_tenant" if input.resource.properties.tenant == input.subject.properties.tenant

# METADATA
# title: the run is older than the time it stays at hand
# custom: {severity: low, enforcement: blocking, controls: [soc2/P4.2, iso27001/A.5.33]}
passed contains "old_enough" if {
	clock.now - clock.at(input.resource.properties.recorded_at) > clock.days(limits.hot_days)
}

# METADATA
# title: the copy in cold storage is read back and equal to the original
# custom: {severity: high, enforcement: blocking, controls: [soc2/A1.2, hipaa/164.312(c)(1), iso27001/A.5.33]}
passed contains "copy_verified" if input.context.copy.verified == true

# METADATA
# title: the copy is encrypted
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.32, hipaa/164.312(a)(2)(iv), iso27001/A.8.24]}
passed contains "encrypted" if input.context.copy.cipher in limits.ciphers

# METADATA
# title: the copy lies where the data may be
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.44, soc2/CC6.7, iso27001/A.5.14]}
passed contains "region_allowed" if residency.stays(input.resource.properties.residency, input.context.copy.region)

passed contains "region_allowed" if {
	facts := input.resource.properties
	residency.crosses(facts.residency, input.context.copy.region, facts.transfer_consent)
}

decision := gates.decision("replay.archive", required, passed, [])
