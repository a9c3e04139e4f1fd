package lib.agreements

import rego.v1

# A developer is bound when they have accepted the text in force, with its warranties. A new version binds nobody who
# has not accepted it.
bound(developer) if {
	developer.agreement.accepted == true
	developer.agreement.ip_warranties == true
	developer.agreement.sha256 == data.agreements.developer.versions[data.agreements.developer.current].sha256
}
