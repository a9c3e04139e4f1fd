package marketplace.appeal

# A developer appeals against a quarantine or a delisting, and another officer decides.
import rego.v1

import data.lib.gates
import data.lib.offices
import data.lib.persons

required := {"another_person", "authorised", "in_order", "second_factor"}

facts := input.resource.properties

deciding if input.context.step in {"dismiss", "uphold"}

# METADATA
# title: a developer appeals for their own listing, and trust and safety decides
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if {
	input.context.step == "file"
	input.subject.type == "developer"
	input.subject.id == facts.developer
}

passed contains "authorised" if {
	deciding
	offices.holds(input.subject, {"trust_and_safety"})
}

# METADATA
# title: an appeal is filed once against what was taken off, and decided once
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC7.4, iso27001/A.5.26]}
passed contains "in_order" if {
	input.context.step == "file"
	facts.state == "none"
	facts.against in {"delisted", "quarantined"}
}

passed contains "in_order" if {
	deciding
	facts.state == "filed"
}

# METADATA
# title: another person than the one who took the listing off decides
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC5.1, iso27001/A.5.3]}
passed contains "another_person" if input.context.step == "file"

passed contains "another_person" if persons.differ(input.subject.id, facts.taken_off_by)

# METADATA
# title: whoever decides opened the session with a second factor
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "second_factor" if input.context.step == "file"

passed contains "second_factor" if input.subject.properties.second_factor == true

decision := gates.decision("marketplace.appeal", required, passed, [])
