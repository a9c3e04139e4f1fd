# METADATA
# entrypoint: true
# custom:
#   input:
#     subject: {type: input.user.type, id: input.user.id, properties: input.user}
#     resource: {type: route, id: input.request.id, properties: input.request}
package http.request

# Somebody sends a request to what stands behind a proxy, and the proxy asks whether it may go through.
import rego.v1

import data.lib.gates

required := {"named", "permitted", "routed", "secure"}

facts := input.resource.properties

routes := data.routes[facts.host]

# A prefix covers itself and what is below it, segment by segment: `/admin` covers `/admin/users`, never `/administer`.
covers(prefix) if prefix in {"/", facts.path}

covers(prefix) if startswith(facts.path, concat("", [prefix, "/"]))

# The longest prefix alone counts. What it does not name is not looked for in a shorter one.
longest := max([count(prefix) | some prefix, _ in routes; covers(prefix)])

admitted := routes[substring(facts.path, 0, longest)][facts.method]

# METADATA
# title: the resource is named by its host and path
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC7.2, iso27001/A.8.15]}
passed contains "named" if concat("", [facts.host, facts.path]) == input.resource.id

# METADATA
# title: a route for the host, path and method is listed
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.6, iso27001/A.8.20, iso27001/A.8.22]}
passed contains "routed" if count(admitted) > 0

# METADATA
# title: whoever asks holds a role that the route is open to
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.8.3]}
passed contains "permitted" if {
	some role in admitted
	role in input.subject.properties.roles
}

passed contains "permitted" if input.subject.type in admitted

# METADATA
# title: the request came to the proxy by a scheme that policy admits
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.7, iso27001/A.8.24, hipaa/164.312(e)(1)]}
passed contains "secure" if facts.scheme in data.thresholds.http.request.schemes

decision := gates.decision("http.request", required, passed, [])
