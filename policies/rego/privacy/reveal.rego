package privacy.reveal

# Somebody asks to see what tokens stand for, another person agrees, and whoever asked sees it: one step after the other,
# and a decision for each. A service is no person, so that two officers agree to what it asks.
import rego.v1

import data.lib.gates
import data.lib.persons
import data.lib.recency
import data.lib.residency
import data.lib.roles

required := {
	"another_person",
	"authorised",
	"own_request",
	"own_tenant",
	"purpose_permitted",
	"region_allowed",
	"second_factor",
	"second_person",
}

limits := data.redaction.reveal

asked := input.resource.properties

step := input.context.step

askers := {"data_protection_officer", "privacy_officer"}

# METADATA
# title: whoever takes this step holds a role that may, or is a service that policy data name for the purpose
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3, gdpr/Art.32]}
passed contains "authorised" if roles.holds(input.subject, askers)

passed contains "authorised" if {
	step == "approve"
	roles.holds(input.subject, {"compliance_officer"})
}

passed contains "authorised" if {
	step in {"request", "reveal"}
	input.subject.type == "service"
	asked.purpose in limits.services[input.subject.id]
}

# METADATA
# title: the service is of the tenant whose persons these are
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.3]}
passed contains "own_tenant" if input.subject.type == "officer"

passed contains "own_tenant" if input.subject.properties.tenant == input.environment.tenant

# METADATA
# title: the session of an officer was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, "hipaa/164.312(d)"]}
passed contains "second_factor" if input.subject.type == "service"

passed contains "second_factor" if input.subject.properties.second_factor == true

# METADATA
# title: the purpose is one for which personal data may be revealed
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.5, soc2/P4.1, "hipaa/164.502(b)"]}
passed contains "purpose_permitted" if asked.purpose in limits.purposes

# Who sees the values in the end, as the grounds of data.residency name recipients: officers all together, services each.
default recipient := "officers"

recipient := asked.requester if asked.requester_type == "service"

default who := "officer"

who := input.subject.id if input.subject.type == "service"

# METADATA
# title: personal data are revealed in their own region, or where a ground in law lets whoever asks have them
# custom: {severity: high, enforcement: blocking, controls: [gdpr/Art.44, soc2/CC6.7, iso27001/A.5.14]}
passed contains "region_allowed" if residency.stays(asked.home, asked.region)

passed contains "region_allowed" if residency.leaves(asked.home, asked.region, recipient)

# METADATA
# title: people ask for themselves, and whoever asked sees it
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.5, soc2/CC6.3, iso27001/A.5.18]}
passed contains "own_request" if step == "approve"

passed contains "own_request" if {
	asked.requester_type == input.subject.type
	asked.requester == input.subject.id
}

# METADATA
# title: nobody agrees to what they asked for themselves
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.3, iso27001/A.8.2]}
passed contains "another_person" if step in {"request", "reveal"}

passed contains "another_person" if persons.differ(input.subject.id, asked.requester)

# METADATA
# title: as many others as needed agreed to this request, and not too long ago
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.3, iso27001/A.5.18, iso27001/A.8.2]}
passed contains "second_person" if step in {"approve", "request"}

passed contains "second_person" if {
	count(agreed) >= limits.approvals[asked.requester_type]
}

agreed contains lower(approval.by) if {
	some approval in asked.approvals
	persons.differ(approval.by, asked.requester)
	recency.within_seconds(approval.at, limits.approval_seconds)
}

access := {"id": "access", "type": "access", "purpose": asked.purpose, "step": step, "by": who}

# Whoever asks or agrees sees nothing.
seen := [access | step == "reveal"]

# Where only the agreement is missing, somebody else can be asked for it.
asking := [{"id": "request_approval", "type": "step-up"} | required - passed == {"second_person"}]

decision := gates.decision("privacy.reveal", required, passed, array.concat(seen, asking))
