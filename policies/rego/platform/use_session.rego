package platform.use_session

# A person goes on with a session that they have opened.
import rego.v1

import data.lib.gates
import data.lib.recency

required := {"active", "open", "own_session", "second_factor", "young"}

limits := data.thresholds.platform.use_session

session := input.resource.properties

# METADATA
# title: the session is used by the person who opened it
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(a)(2)(i)]}
passed contains "own_session" if session.person == input.subject.id

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if {
	session.second_factor.verified == true
	session.second_factor.method in limits.second_factor_methods
}

# METADATA
# title: the session has not been open for too long
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "young" if recency.within_hours(session.opened_at, limits.max_age_hours)

# METADATA
# title: the session has not lain idle for too long
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(a)(2)(iii)]}
passed contains "active" if recency.within_seconds(session.used_at, limits.max_idle_seconds)

# METADATA
# title: the session has not been ended
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.2, iso27001/A.5.18]}
passed contains "open" if session.ended == false

# Where only the second factor is missing, the person can be asked for it.
obligations := [] if {
	"second_factor" in passed
} else := [{"id": "request_second_factor", "type": "step-up"}] if {
	{"active", "open", "own_session", "young"} - passed == set()
} else := []

decision := gates.decision("platform.use_session", required, passed, obligations)
