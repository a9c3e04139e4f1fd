package lib.fraud_test

import rego.v1

import data.lib.fraud

toy := {"champion": "toy", "models": {"toy": {
	"form": "f1",
	"bias": 1,
	"curves": {
		"plain": {"base": 0, "hinges": [{"at": 0, "slope": 1}]},
		"bent": {"base": 2, "hinges": [{"at": 1, "slope": 1}, {"at": 3, "slope": -0.5}]},
	},
	"terms": [
		{"id": "alone", "weight": 2, "mean": 0.5, "factors": [{"signal": "a", "curve": "plain"}]},
		{"id": "bent", "weight": 1, "mean": 2, "factors": [{"signal": "b", "curve": "bent"}]},
		{"id": "both", "weight": 3, "mean": 0, "factors": [
			{"signal": "a", "curve": "plain"},
			{"signal": "b", "curve": "plain"},
		]},
		{"id": "less", "weight": -1, "mean": 0, "factors": [{"signal": "c", "curve": "plain"}]},
		{"id": "most", "weight": 50, "mean": 0, "factors": [{"signal": "d", "curve": "plain"}]},
	],
	"scale": {"base": 0.05, "hinges": [{"at": 0, "slope": 0.045}, {"at": 10, "slope": 0.03}, {"at": 14, "slope": -0.075}]},
}}}

nothing := {"a": 0, "b": 0, "c": 0, "d": 0}

assessed(signals) := found if {
	found := fraud.assessed(object.union(nothing, signals), "f1") with data.fraud_model as toy
}

# 1 - 1 + 0: what is below its mean counts for less.
test_nothing_is_the_least if assessed({}) == {"score": 0.05, "said": {"score_ppm": 50000, "model": "toy"}}

# 1 + (2 - 1) + (2 + 1 - 2) + 3 * 1 * 2 = 9, along the scale 0.05 + 9 * 0.045
test_terms_add_up if assessed({"a": 1, "b": 2}) == {"score": 0.455, "said": {
	"score_ppm": 455000,
	"model": "toy",
	"reason_1": "both",
	"reason_2": "alone",
	"reason_3": "bent",
}}

test_a_curve_bends_at_each_hinge if {
	curve := toy.models.toy.curves.bent
	[fraud.along(curve, value) | some value in [0, 1, 2, 3, 5]] == [2, 2, 3, 4, 5]
}

# 1 - 1 + 0 + 50 * 0.2 = 10
test_exactly_at_the_lower_limit if assessed({"d": 0.2}).score == 0.5

# 1 - 1 + 50 * 0.28 = 14: 0.05 + 0.63 + 0.12
test_exactly_at_the_upper_limit if assessed({"d": 0.28}).score == 0.8

test_there_is_no_more_than_the_end_of_the_scale if assessed({"d": 1}).score == assessed({"d": 0.28}).score

test_a_scale_that_leaves_0_and_1_is_cut_off if {
	above := object.union(toy, {"models": {"toy": {"scale": {"base": 1.5}}}})
	below := object.union(toy, {"models": {"toy": {"scale": {"base": -1}}}})
	fraud.assessed(nothing, "f1").score == 1 with data.fraud_model as above
	fraud.assessed(nothing, "f1").score == 0 with data.fraud_model as below
}

test_three_reasons_at_most_and_the_most_comes_first if {
	said := assessed({"a": 1, "b": 2, "d": 1}).said
	[said.reason_1, said.reason_2, said.reason_3] == ["most", "both", "alone"]
	object.keys(said) == {"model", "reason_1", "reason_2", "reason_3", "score_ppm"}
}

test_what_lowers_the_score_or_does_nothing_is_no_reason if {
	object.keys(assessed({"c": 1}).said) == {"model", "score_ppm"}
	assessed({"a": 0.5}).said == {"score_ppm": 95000, "model": "toy"}
}

none(signals, form) if not scored(signals, form)

scored(signals, form) if fraud.assessed(signals, form)

test_a_missing_signal_has_no_score if {
	some_missing := {name | some name in ["a", "b", "c", "d"]; none(object.remove(nothing, [name]), "f1")}
		with data.fraud_model as toy
	some_missing == {"a", "b", "c", "d"}
}

test_a_signal_that_is_no_number_has_no_score if {
	others := ["1", true, null, [], {}]
	refused := [value | some value in others; none(object.union(nothing, {"a": value}), "f1")] with data.fraud_model as toy
	refused == others
}

test_signals_of_another_form_have_no_score if none(nothing, "f2") with data.fraud_model as toy

test_a_model_that_there_is_not_gives_no_score if {
	none(nothing, "f1") with data.fraud_model as object.union(toy, {"champion": "another"})
}

test_without_models_there_is_no_score if none(nothing, "f1") with data.fraud_model as {}

test_a_curve_that_there_is_not_gives_no_score if {
	none(nothing, "f1") with data.fraud_model as json.remove(toy, ["models/toy/curves/bent"])
}
