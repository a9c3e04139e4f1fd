package lib.agreements_test

import rego.v1

import data.lib.agreements

texts := {"developer": {"current": "2", "versions": {"1": {"sha256": "aa"}, "2": {"sha256": "bb"}}}}

bound(agreement) if agreements.bound({"agreement": agreement}) with data.agreements as texts

test_the_text_in_force_binds if bound({"accepted": true, "ip_warranties": true, "sha256": "bb"})

test_an_older_text_does_not if not bound({"accepted": true, "ip_warranties": true, "sha256": "aa"})

test_what_is_not_accepted_does_not if not bound({"accepted": false, "ip_warranties": true, "sha256": "bb"})

test_without_warranties_nobody_is_bound if not bound({"accepted": true, "ip_warranties": false, "sha256": "bb"})

test_a_text_that_nobody_named_does_not if not bound({"accepted": true, "ip_warranties": true})

test_without_an_agreement_in_force_nobody_is_bound if {
	not agreements.bound({"agreement": {"accepted": true, "ip_warranties": true, "sha256": "bb"}}) with data.agreements as {}
}

test_the_shipped_texts_are_those_of_their_digests if {
	every side in data.agreements {
		every version in side.versions {
			version.sha256 == crypto.sha256(version.text)
		}
	}
}
