package marketplace.purchase

# A buyer buys what a listing offers. The risk score comes from fraud detection; without one nothing is bought.
import rego.v1

import data.lib.gates

required := {"buyer_verified", "licence_accepted", "listing_active", "risk_scored", "risk_tolerable"}

limits := data.thresholds.marketplace.purchase

score := input.context.risk.score if input.context.risk.scored == true

# METADATA
# title: the listing is active
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.8.19]}
passed contains "listing_active" if input.resource.properties.status == "active"

# METADATA
# title: the buyer has accepted the licence
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC2.3, iso27001/A.5.32]}
passed contains "licence_accepted" if input.context.licence_accepted == true

# METADATA
# title: fraud detection has scored the purchase
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC3.3, soc2/CC7.2, iso27001/A.8.16]}
passed contains "risk_scored" if score >= 0

# METADATA
# title: the risk of fraud is at most what policy tolerates
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC3.3, soc2/CC7.2, iso27001/A.8.16]}
passed contains "risk_tolerable" if score <= limits.deny_above_risk

# METADATA
# title: a buyer of raised risk has passed an additional verification
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC3.3, soc2/CC6.1, iso27001/A.8.5, gdpr/Art.22]}
passed contains "buyer_verified" if score <= limits.verify_above_risk

passed contains "buyer_verified" if input.context.additional_verification == true

# What the caller does about the risk, whatever the other gates say. No score, and any doubt about one: hold.
obligations := [] if {
	"risk_tolerable" in passed
	"buyer_verified" in passed
} else := [{"id": "verify_buyer", "type": "step-up"}] if {
	"risk_tolerable" in passed
} else := [{"id": "alert_security", "type": "notification"}] if {
	score > limits.deny_above_risk
} else := [{"id": "hold_for_review", "type": "hold"}]

decision := gates.decision("marketplace.purchase", required, passed, obligations)
