package marketplace.receive

# A payment provider tells what became of a payment. Nobody has signed in: the signature says who it is.
import rego.v1

import data.lib.gates

required := {"fresh", "provider_known", "verified"}

limits := data.thresholds.marketplace.receive

# METADATA
# title: the signature is the provider's
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.6, iso27001/A.8.5]}
passed contains "verified" if input.resource.properties.signature.verified == true

# METADATA
# title: it was signed just now, so that nobody sends again what they have recorded
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.6, iso27001/A.8.26]}
passed contains "fresh" if abs(input.resource.properties.signature.age_seconds) <= limits.tolerance_seconds

# METADATA
# title: the provider is one that the marketplace works with
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.19]}
passed contains "provider_known" if input.resource.properties.provider in limits.providers

decision := gates.decision("marketplace.receive", required, passed, [])
