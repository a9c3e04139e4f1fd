# METADATA
# custom: {durability: locked}
package replay.delete

# A run is deleted for good, at the end of the time that policy keeps its kind.
import rego.v1

import data.lib.clock
import data.lib.gates

required := {"authorised", "no_legal_hold", "own_tenant", "retention_passed"}

# METADATA
# title: the run is deleted by the retention service or by a records manager
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3, iso27001/A.8.10]}
passed contains "authorised" if {
	input.subject.type == "service"
	"retention" in input.subject.properties.roles
}

passed contains "authorised" if {
	input.subject.type == "user"
	"records_manager" in input.subject.properties.roles
}

# METADATA
# title: the run belongs to the tenant of whoever deletes it
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.3]}
passed contains "own_tenant" if input.resource.properties.tenant == input.subject.properties.tenant

# METADATA
# title: no legal hold lies on the run
# custom: {severity: critical, enforcement: blocking, controls: [soc2/C1.2, iso27001/A.5.28, iso27001/A.5.33]}
passed contains "no_legal_hold" if input.resource.properties.legal_hold == false

# METADATA
# title: the run has been kept for as long as policy keeps its kind
# custom: {severity: critical, enforcement: blocking, controls: [soc2/P4.3, gdpr/Art.5, hipaa/164.316(b)(2)(i)]}
passed contains "retention_passed" if {
	age := clock.now - clock.at(input.resource.properties.recorded_at)
	age > clock.days(data.thresholds.replay.delete.retention_days[input.resource.properties.retention_class])
}

# Backups that still hold the run become unreadable with its keys.
decision := gates.decision("replay.delete", required, passed, [{"id": "destroy_keys", "type": "execution"}])
