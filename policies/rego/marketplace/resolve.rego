package marketplace.resolve

# An officer ends an investigation: it was fraud, or it was none.
import rego.v1

import data.lib.gates
import data.lib.offices
import data.lib.persons

required := {"authorised", "in_order", "second_factor", "second_person", "written_down"}

limits := data.thresholds.marketplace.resolve

case := input.resource.properties

# METADATA
# title: whoever ends an investigation works for trust and safety
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC7.3, iso27001/A.5.26, iso27001/A.8.3]}
passed contains "authorised" if offices.holds(input.subject, {"trust_and_safety"})

# METADATA
# title: the session was opened with a second factor
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "second_factor" if input.subject.properties.second_factor == true

# METADATA
# title: somebody has taken the case, and nobody has ended it
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC7.3, iso27001/A.5.25]}
passed contains "in_order" if {
	case.state == "taken"
	case.taken_by != ""
}

# METADATA
# title: what was found is written down before the case ends
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC7.3, iso27001/A.5.28]}
passed contains "written_down" if case.notes >= 1

# METADATA
# title: an outcome for which policy wants two persons is not decided by whoever took the case
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC5.1, iso27001/A.5.3, gdpr/Art.22]}
passed contains "second_person" if input.context.outcome in limits.one_person

passed contains "second_person" if persons.differ(input.subject.id, case.taken_by)

decision := gates.decision("marketplace.resolve", required, passed, [])
