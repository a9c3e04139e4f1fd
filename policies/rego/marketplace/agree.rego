package marketplace.agree

# A developer or a buyer accepts the agreement in force, in the words that were shown to them.
import rego.v1

import data.lib.gates
import data.lib.sanctions

required := {"accepted", "authorised", "current", "not_sanctioned", "shown", "warranted"}

own := data.agreements[input.subject.type]

# METADATA
# title: a party accepts the agreement of its own side
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.20]}
passed contains "authorised" if input.resource.properties.side == input.subject.type

# METADATA
# title: the version that is accepted is the one in force
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.20]}
passed contains "current" if input.resource.properties.version == own.current

# METADATA
# title: the text that is accepted is, to the letter, the one that was shown and is in force
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.20]}
passed contains "shown" if input.context.sha256 == input.resource.properties.sha256

# METADATA
# title: the agreement is accepted in so many words
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.20]}
passed contains "accepted" if input.context.accepted == true

# METADATA
# title: a developer warrants that what is sold infringes nobody's intellectual property
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.32]}
passed contains "warranted" if input.context.ip_warranties == true

passed contains "warranted" if own.ip_warranties == false

# METADATA
# title: neither the country nor the legal entity of the party is sanctioned
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.31]}
passed contains "not_sanctioned" if sanctions.clear(input.subject.properties)

decision := gates.decision("marketplace.agree", required, passed, [])
