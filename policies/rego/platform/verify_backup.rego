package platform.verify_backup

# A job looks at the backups of a store. What is wrong with them is reported, and stops nothing.
import rego.v1

import data.lib.gates
import data.lib.recency

required := {"authorised", "recent", "restore_tested"}

limits := data.thresholds.platform.verify_backup

# METADATA
# title: backups are looked at by the service that watches over them
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if "backup_watch" in input.subject.properties.roles

# METADATA
# title: the newest whole backup is recent
# custom: {severity: high, enforcement: monitoring, controls: [soc2/A1.2, iso27001/A.8.13, hipaa/164.308(a)(7)]}
passed contains "recent" if recency.within_hours(input.resource.properties.backed_up_at, limits.max_age_hours)

# METADATA
# title: a backup has been restored for trial not long ago
# custom: {severity: medium, enforcement: monitoring, controls: [soc2/A1.3, iso27001/A.8.13, hipaa/164.308(a)(7)]}
passed contains "restore_tested" if {
	recency.within_days(input.resource.properties.restored_at, limits.restore_test_days)
}

obligations := [] if {
	"recent" in passed
} else := [{"id": "alert_operations", "type": "notification"}]

decision := gates.decision("platform.verify_backup", required, passed, obligations)
