package platform.set_password

# A person sets the password of their account. The password itself is no fact: policy sees what was measured of it.
import rego.v1

import data.lib.gates

required := {"authorised", "long_enough", "not_breached", "not_reused"}

limits := data.thresholds.platform.set_password

# METADATA
# title: the password is set by the person whose account it is
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.5.17]}
passed contains "authorised" if input.subject.id == input.resource.properties.person

# METADATA
# title: the password is long enough
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.5.17, hipaa/164.308(a)(5)(ii)(D)]}
passed contains "long_enough" if input.context.password.length >= limits.min_length

# METADATA
# title: the password was looked for among those that were breached, and not found
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.5.17, hipaa/164.308(a)(5)(ii)(D)]}
passed contains "not_breached" if {
	input.context.password.breaches.searched == true
	input.context.password.breaches.found == 0
}

# METADATA
# title: the password is not one that the account had before
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.5.17]}
passed contains "not_reused" if input.context.password.reused == false

decision := gates.decision("platform.set_password", required, passed, [])
