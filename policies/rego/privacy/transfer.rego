package privacy.transfer

# Personal data leave: as an export that is registered, or as one person's part of it that is opened.
import rego.v1

import data.lib.consent
import data.lib.gates
import data.lib.residency
import data.lib.restriction
import data.lib.roles

required := {"authorised", "current", "everybody", "purpose_permitted", "region_allowed", "unrestricted"}

keepers := {"data_protection_officer", "privacy_officer"}

# METADATA
# title: the data are moved by a privacy officer, or by a service that exports
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.7, iso27001/A.5.14, iso27001/A.8.3]}
passed contains "authorised" if roles.holds(input.subject, keepers)

passed contains "authorised" if {
	input.subject.type == "service"
	"exporter" in data.roles.service[input.subject.id]
}

# METADATA
# title: nothing of it was called back
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.7, gdpr/Art.17, soc2/P4.3]}
passed contains "current" if input.resource.properties.recalled == false

# METADATA
# title: the consent of each person concerned was looked up
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.7, soc2/P3.2]}
passed contains "everybody" if count(input.resource.properties.consents) == input.resource.properties.people

# METADATA
# title: the purpose rests on the consent of each person, or on another ground that nobody has objected to
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.6, gdpr/Art.7, soc2/P2.1, soc2/P3.2, soc2/P6.1]}
passed contains "purpose_permitted" if {
	consent.permitted(input.resource.properties.purpose, input.resource.properties.consents)
}

# METADATA
# title: no restriction and no objection of a person stands against the purpose
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.18, gdpr/Art.21, ccpa/1798.120, ccpa/1798.121]}
passed contains "unrestricted" if restriction.leaves(input.resource.properties.purpose, input.resource.properties)

# METADATA
# title: the data stay in their region, or a ground in law lets them leave it
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.44, gdpr/Art.45, gdpr/Art.46, gdpr/Art.49, soc2/CC6.7, iso27001/A.5.14]}
passed contains "region_allowed" if residency.stays(input.resource.properties.home, input.context.place)

passed contains "region_allowed" if {
	input.context.basis == "consent"
	residency.crosses(input.resource.properties.home, input.context.place, input.resource.properties.transfer_consent)
}

passed contains "region_allowed" if {
	facts := input.resource.properties
	residency.grounded(facts.home, input.context.place, input.context.basis, input.context.instrument, facts.recipient)
}

decision := gates.decision("privacy.transfer", required, passed, [])
