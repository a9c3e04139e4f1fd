package marketplace.view_billing

# Somebody looks at plans, coupons or invoices.
import rego.v1

import data.lib.gates
import data.lib.roles

required := {"authorised"}

# METADATA
# title: plans are for everybody while they are on sale, coupons and invoices for those they belong to and for finance
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if {
	input.resource.properties.shows == "plans"
	input.resource.properties.on_sale == true
}

passed contains "authorised" if {
	input.subject.type == "developer"
	input.subject.id == input.resource.properties.of
	input.resource.properties.shows in {"coupons", "plans"}
}

passed contains "authorised" if {
	input.subject.type == "buyer"
	input.subject.id == input.resource.properties.of
	input.resource.properties.shows == "invoices"
}

passed contains "authorised" if {
	input.subject.type == "officer"
	roles.holds(input.subject, {"auditor", "finance"})
}

decision := gates.decision("marketplace.view_billing", required, passed, [])
