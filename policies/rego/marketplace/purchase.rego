package marketplace.purchase

# A buyer buys what a listing offers. The risk of fraud is a score: policy makes it of the signals that the marketplace
# measured, or fraud detection elsewhere gives it. Without a score nothing is bought.
import rego.v1

import data.lib.fraud
import data.lib.gates

required := {"buyer_verified", "licence_accepted", "listing_active", "risk_scored", "risk_tolerable"}

limits := data.thresholds.marketplace.purchase

risk := input.context.risk

assessed := fraud.assessed(risk.signals, risk.form)

# Where there are signals, what anybody else says of the risk does not count.
score := assessed.score

score := risk.score if {
	not risk.signals
	risk.scored == true
}

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

# What is said of a score that policy made: how high, by which model, why.
default said := {}

said := assessed.said

default kept := []

kept := [object.union({"id": "keep_score", "type": "score"}, said)] if assessed

# What the caller does about the risk, whatever the other gates say. No score, and any doubt about one: hold.
obligations := kept if {
	"risk_tolerable" in passed
	"buyer_verified" in passed
} else := [object.union({"id": "verify_buyer", "type": "step-up"}, said)] if {
	"risk_tolerable" in passed
} else := [object.union({"id": "alert_security", "type": "notification"}, said)] if {
	score > limits.deny_above_risk
} else := [object.union({"id": "hold_for_review", "type": "hold"}, said)]

decision := gates.decision("marketplace.purchase", required, passed, obligations)
