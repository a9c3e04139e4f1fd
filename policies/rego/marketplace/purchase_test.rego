package marketplace.purchase_test

import rego.v1

import data.marketplace.purchase

limits := {"verify_above_risk": 0.5, "deny_above_risk": 0.8}

golden := {
	"subject": {"type": "buyer", "id": "buy-91c2"},
	"action": {"name": "marketplace.purchase"},
	"resource": {"type": "listing", "id": "invoice-reader", "properties": {"status": "active"}},
	"context": {"risk": {"scored": true, "score": 0.12}, "licence_accepted": true},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"},
}

verify_buyer := [{"id": "verify_buyer", "type": "step-up"}]

alert_security := [{"id": "alert_security", "type": "notification"}]

hold_for_review := [{"id": "hold_for_review", "type": "hold"}]

decision_on(change) := decision if {
	decision := purchase.decision with input as object.union(golden, change)
		with data.thresholds.marketplace.purchase as limits
}

# What becomes of a purchase with these circumstances: which gates fail, and what the caller has to do.
outcome(context) := [decision.failed, decision.obligations] if {
	decision := decision_on({"context": context})
}

unscored := json.remove(object.union(golden, {"context": {"risk": {"scored": false}}}), ["context/risk/score"])

test_a_good_purchase_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == purchase.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.purchase
	object.keys(shipped) == object.keys(limits)
	0 <= shipped.verify_above_risk
	shipped.verify_above_risk <= shipped.deny_above_risk
	shipped.deny_above_risk <= 1
}

test_missing_limits_hold if {
	decision := purchase.decision with input as golden with data.thresholds as {}
	decision.failed == {"buyer_verified", "risk_tolerable"}
	decision.obligations == hold_for_review
}

# listing_active

test_only_an_active_listing_is_sold if {
	every status in ["draft", "preview", "deprecated", "yanked", "quarantined", "delisted"] {
		decision_on({"resource": {"properties": {"status": status}}}).failed == {"listing_active"}
	}
}

# licence_accepted

test_licence_not_accepted if outcome({"licence_accepted": false}) == [{"licence_accepted"}, []]

# risk_scored, risk_tolerable, buyer_verified

test_no_risk_at_all if outcome({"risk": {"score": 0}}) == [set(), []]

test_less_than_no_risk_is_no_score if outcome({"risk": {"score": -0.01}})[0] == {"risk_scored"}

test_exactly_at_the_lower_limit if outcome({"risk": {"score": 0.5}}) == [set(), []]

test_just_above_the_lower_limit if outcome({"risk": {"score": 0.500001}}) == [{"buyer_verified"}, verify_buyer]

test_exactly_at_the_upper_limit if outcome({"risk": {"score": 0.8}}) == [{"buyer_verified"}, verify_buyer]

test_raised_risk_after_verification if {
	outcome({"risk": {"score": 0.8}, "additional_verification": true}) == [set(), []]
}

test_raised_risk_after_failed_verification if {
	outcome({"risk": {"score": 0.65}, "additional_verification": false}) == [{"buyer_verified"}, verify_buyer]
}

test_just_above_the_upper_limit if {
	outcome({"risk": {"score": 0.800001}}) == [{"buyer_verified", "risk_tolerable"}, alert_security]
}

test_verification_does_not_outweigh_high_risk if {
	outcome({"risk": {"score": 0.95}, "additional_verification": true}) == [{"risk_tolerable"}, alert_security]
}

test_no_score_holds if {
	decision := purchase.decision with input as unscored
	decision.allow == false
	decision.failed == {"buyer_verified", "risk_scored", "risk_tolerable"}
	decision.obligations == hold_for_review
}

test_no_score_holds_after_verification_too if {
	decision := purchase.decision with input as object.union(unscored, {"context": {"additional_verification": true}})
	decision.failed == {"risk_scored", "risk_tolerable"}
	decision.obligations == hold_for_review
}

test_a_score_that_is_not_there_holds if {
	decision := purchase.decision with input as json.remove(golden, ["context/risk/score"])
	"risk_scored" in decision.failed
	decision.obligations == hold_for_review
}

test_a_score_that_fraud_detection_disowns_holds if {
	outcome({"risk": {"scored": false}}) == [{"buyer_verified", "risk_scored", "risk_tolerable"}, hold_for_review]
}

test_security_is_alerted_whatever_else_fails if {
	decision := decision_on({
		"resource": {"properties": {"status": "delisted"}},
		"context": {"risk": {"score": 0.99}, "licence_accepted": false},
	})
	decision.failed == {"buyer_verified", "licence_accepted", "listing_active", "risk_tolerable"}
	decision.obligations == alert_security
}

test_less_than_no_risk_is_denied if decision_on({"context": {"risk": {"score": -0.01}}}).allow == false

# Signals, which policy makes a score of.

model(score) := {"champion": "m1", "models": {"m1": {
	"form": "f1",
	"bias": 0,
	"curves": {"plain": {"base": 0, "hinges": [{"at": 0, "slope": 1}]}},
	"terms": [{"id": "shared_device", "weight": 1, "mean": 0, "factors": [{"signal": "s", "curve": "plain"}]}],
	"scale": {"base": score, "hinges": []},
}}}

said(score_ppm) := {"model": "m1", "reason_1": "shared_device", "score_ppm": score_ppm}

measured := {"scored": false, "form": "f1", "signals": {"s": 1}}

# What becomes of a purchase with signals that the model in force gives this score.
outcome_of(score, circumstances) := [decision.failed, decision.obligations] if {
	asked := object.union({"risk": object.union({"score": 0}, measured)}, circumstances)
	changed := object.union(golden, {"context": asked})
	decision := purchase.decision with input as changed
		with data.thresholds.marketplace.purchase as limits
		with data.fraud_model as model(score)
}

test_what_is_allowed_keeps_its_score if {
	kept := object.union({"id": "keep_score", "type": "score"}, said(500000))
	outcome_of(0.5, {}) == [set(), [kept]]
}

test_a_score_of_policy_above_the_lower_limit if {
	verify := object.union({"id": "verify_buyer", "type": "step-up"}, said(500001))
	outcome_of(0.500001, {}) == [{"buyer_verified"}, [verify]]
}

test_a_score_of_policy_at_the_upper_limit if {
	verify := object.union({"id": "verify_buyer", "type": "step-up"}, said(800000))
	outcome_of(0.8, {}) == [{"buyer_verified"}, [verify]]
	kept := object.union({"id": "keep_score", "type": "score"}, said(800000))
	outcome_of(0.8, {"additional_verification": true}) == [set(), [kept]]
}

test_a_score_of_policy_above_the_upper_limit if {
	alert := object.union({"id": "alert_security", "type": "notification"}, said(800001))
	outcome_of(0.800001, {"additional_verification": true}) == [{"risk_tolerable"}, [alert]]
}

test_what_others_say_of_the_risk_does_not_count_beside_signals if {
	outcome_of(0.9, {"risk": {"scored": true, "score": 0.1}})[0] == {"buyer_verified", "risk_tolerable"}
	outcome_of(0.1, {"risk": {"scored": true, "score": 0.9}})[0] == set()
}

unscored_by_policy := [{"buyer_verified", "risk_scored", "risk_tolerable"}, hold_for_review]

test_signals_of_another_form_hold if {
	outcome_of(0.1, {"risk": {"form": "f0"}}) == unscored_by_policy
	outcome_of(0.1, {"risk": {"form": "f0", "scored": true, "score": 0.1}}) == unscored_by_policy
}

test_a_signal_that_is_no_number_holds if outcome_of(0.1, {"risk": {"signals": {"s": "1"}}}) == unscored_by_policy

test_a_missing_signal_holds if {
	changed := object.union(golden, {"context": {"risk": {"scored": true, "form": "f1", "signals": {}}}})
	decision := purchase.decision with input as changed with data.fraud_model as model(0.1)
	[decision.failed, decision.obligations] == unscored_by_policy
}

test_a_model_that_there_is_not_holds if {
	changed := object.union(golden, {"context": {"risk": measured}})
	decision := purchase.decision with input as changed
		with data.fraud_model as object.union(model(0.1), {"champion": "m2"})
	[decision.failed, decision.obligations] == unscored_by_policy
}
