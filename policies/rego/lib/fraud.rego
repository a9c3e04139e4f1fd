package lib.fraud

# The risk that a purchase is fraud: an additive model over signals, which data.fraud_model has. Undefined where any
# signal that the model reads is missing or no number, where it was made for another form of signals, or where data name
# a model that there is not: without a score nothing is approved.
import rego.v1

model := data.fraud_model.models[data.fraud_model.champion]

# A broken line: from `base` on, each hinge bends it where the value passes `at`.
along(curve, value) := curve.base + sum(bends) if {
	is_number(value)
	bends := [bend | some hinge in curve.hinges; bend := hinge.slope * max([0, value - hinge.at])]
}

# What a term adds to the sum: the product of its factors, above or below what is usual, by its weight.
points(term, signals) := term.weight * (product(values) - term.mean) if {
	values := [along(model.curves[factor.curve], signals[factor.signal]) | some factor in term.factors]
	count(values) == count(term.factors)
}

# The score, from 0 to 1 in steps of a millionth, and what raised it most, three terms at most.
assessed(signals, form) := {"score": score, "said": object.union(reasons, named)} if {
	model.form == form
	parts := [[points(term, signals), term.id] | some term in model.terms]
	count(parts) == count(model.terms)
	total := model.bias + sum([part[0] | some part in parts])
	millionths := round(1000000 * max([0, min([1, along(model.scale, total)])]))
	score := millionths / 1000000
	raising := sort([[0 - part[0], part[1]] | some part in parts; part[0] > 0])
	reasons := {name: raised[1] |
		some place, raised in array.slice(raising, 0, 3)
		name := concat("_", ["reason", format_int(place + 1, 10)])
	}
	named := {"score_ppm": millionths, "model": data.fraud_model.champion}
}
