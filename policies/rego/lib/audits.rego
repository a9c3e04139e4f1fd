package lib.audits

# An engagement as the auditor portal describes it, and whether an auditor may come to it: their own firm's, which is
# active; one that they take part in; open, and within its time; from an address of the firm; with a second factor.
import rego.v1

import data.lib.clock

engagement := input.resource.properties

own_firm if {
	input.subject.type == "auditor"
	input.subject.properties.firm != ""
	input.subject.properties.firm == engagement.firm
	engagement.firm_state == "active"
}

member if engagement.member == true

open if engagement.state == "open"

within if {
	clock.at(engagement.starts) <= clock.now
	clock.now < clock.at(engagement.ends)
}

address if from(engagement.networks)

# The request comes from one of these networks. What is no address, or no network, is asked about no further: the engine
# takes it for an error.
from(networks) if {
	net.cidr_is_valid(concat("/", [input.context.address, "32"])) == true
	some network in networks
	net.cidr_is_valid(network) == true
	net.cidr_contains(network, input.context.address) == true
}

second_factor if input.subject.properties.second_factor == true
