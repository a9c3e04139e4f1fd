package frameworks.countersign

# A second person stands by what one has attested.
import rego.v1

import data.lib.gates
import data.lib.persons
import data.lib.roles

required := {"another", "authorised", "second_factor", "waiting"}

test := input.resource.properties

# METADATA
# title: there is an attestation that waits for a second person
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC4.1, iso27001/9.1]}
passed contains "waiting" if test.waiting == true

# METADATA
# title: whoever countersigns holds the second role that the test wants
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC1.5, soc2/CC6.3, iso27001/A.5.2]}
passed contains "authorised" if test.second_role in roles.of(input.subject)

# METADATA
# title: nobody countersigns what they attested
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.3]}
passed contains "another" if {
	test.by != ""
	persons.differ(input.subject.id, test.by)
}

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if input.subject.properties.second_factor == true

decision := gates.decision("frameworks.countersign", required, passed, [])
