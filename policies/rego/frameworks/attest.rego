package frameworks.attest

# A person states what no machine can find out: that something was done, or is as it has to be.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"asked_for", "authorised", "second_factor", "stated"}

test := input.resource.properties

# METADATA
# title: the test is one that a person attests
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC4.1, iso27001/9.1]}
passed contains "asked_for" if test.kind == "attestation"

# METADATA
# title: whoever attests holds the role whose statement the test wants
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC1.5, soc2/CC6.3, iso27001/A.5.2]}
passed contains "authorised" if test.role in roles.of(input.subject)

# METADATA
# title: what is stated is what the test wants to have stated, word for word
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC4.1, iso27001/A.5.33]}
passed contains "stated" if input.context.statement == test.statement

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if input.subject.properties.second_factor == true

decision := gates.decision("frameworks.attest", required, passed, [])
