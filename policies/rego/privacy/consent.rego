package privacy.consent

# A person's consent is recorded or taken back, or a text that persons are shown is kept. Nothing but who records it
# stands in the way of a withdrawal: taking back is as easy as granting (GDPR, article 7(3)).
import rego.v1

import data.lib.consent
import data.lib.gates
import data.lib.roles

required := {"authorised", "informed", "purpose_asks"}

keepers := {"data_protection_officer", "privacy_officer"}

# METADATA
# title: it is recorded by a privacy officer, or by a service that persons tell it to
# custom: {severity: high, enforcement: blocking, controls: [gdpr/Art.7, soc2/P2.1, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if roles.holds(input.subject, keepers)

passed contains "authorised" if {
	input.subject.type == "service"
	"consent_recorder" in data.roles.service[input.subject.id]
	input.context.act in {"granted", "withdrawn"}
}

# METADATA
# title: the person was shown the newest text of this purpose
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.7, gdpr/Art.13, soc2/P1.1, soc2/P3.2]}
passed contains "informed" if {
	input.resource.properties.notice.purpose == input.context.purpose
	input.resource.properties.notice.newest == true
}

passed contains "informed" if input.context.act in {"notice", "withdrawn"}

# METADATA
# title: the purpose is one that rests on consent
# custom: {severity: high, enforcement: blocking, controls: [gdpr/Art.6, soc2/P2.1]}
passed contains "purpose_asks" if consent.needed(input.context.purpose)

passed contains "purpose_asks" if input.context.act == "withdrawn"

recall := [{"id": "recall_exports", "type": "execution"} | input.context.act == "withdrawn"]

decision := gates.decision("privacy.consent", required, passed, recall)
