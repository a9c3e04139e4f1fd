"""The deviations that are seeded: what each is, what was recorded then, and the test that has to find it."""

from datetime import timedelta

from frameworks import control
from frameworks.control_test import Kind
from tests.frameworks.seeding import (
    adds,
    between,
    by,
    lacks,
    later,
    many,
    of,
    results_in,
    says,
    slips,
    together,
    turns,
    which,
)  # fmt: skip
from tests.frameworks.year import DAY, HOUR, MINUTE, did, on, said, used

CONTROLS = tuple(control.load().values())
_TESTS = [test for each in CONTROLS for test in each.tests]
_QUARTERLY = [test for test in _TESTS if test.kind is Kind.ATTESTATION and test.stale_after == 100]
ATTESTED = next(test.id for test in _QUARTERLY if not test.second_role)
TWICE = next(test.id for test in _QUARTERLY if test.second_role)
INSPECTED = next(test.id for test in _TESTS if test.kind is Kind.INSPECTION)

SLIPPED = [
    # what was allowed | the gate that failed | the test
    ("a change was approved without a second factor", "policies.approve", "second_factor", "second-factor/verified"),
    (
        "a session was used that was opened without a second factor",
        "platform.use_session",
        "second_factor",
        "second-factor/verified",
    ),
    ("a command was given twice", "voice.execute", "nonce_unused", "second-factor/not-replayed"),
    ("somebody without the role published", "marketplace.publish", "authorised", "role-based-access/authorised"),
    ("something of another tenant was shown", "replay.view", "own_tenant", "tenant-separation/own-tenant"),
    (
        "a text served training without the consent of its person",
        "privacy.process",
        "consented",
        "redacted-for-services/consented",
    ),
    (
        "a text was redacted against a restriction of its person",
        "privacy.process",
        "unrestricted",
        "redacted-for-services/unrestricted",
    ),
    (
        "an export was opened against an objection of its person",
        "privacy.transfer",
        "unrestricted",
        "consented-exports/unrestricted",
    ),
    ("access was granted to oneself", "platform.grant_access", "not_own", "least-privilege/granted"),
    ("access was granted beyond the role", "platform.grant_access", "least_privilege", "least-privilege/granted"),
    (
        "access was granted whose duties exclude each other",
        "platform.grant_access",
        "duties_separated",
        "least-privilege/granted",
    ),
    ("access was kept whose review is late", "platform.keep_access", "reviewed", "access-review/reviewed"),
    ("access was reviewed by who has it", "platform.keep_access", "reviewed_by_another", "access-review/reviewed"),
    ("access is kept that nobody uses", "platform.keep_access", "in_use", "access-review/in-use"),
    ("a session was used past its time", "platform.use_session", "young", "session-limits/limits"),
    ("a session was used after it lay idle", "platform.use_session", "active", "session-limits/limits"),
    ("a session was used by somebody else", "platform.use_session", "own_session", "session-limits/limits"),
    ("a session was used after its end", "platform.use_session", "open", "ended-sessions/ended"),
    ("a short password was set", "platform.set_password", "long_enough", "passwords/strong"),
    ("a breached password was set", "platform.set_password", "not_breached", "passwords/strong"),
    ("an override was renewed silently", "policies.request_override", "no_silent_renewal", "overrides/granted"),
    ("an override was longer than it may be", "policies.approve_override", "within_limits", "overrides/granted"),
    (
        "glass was broken again while a review was due",
        "policies.break_glass",
        "reviews_done",
        "emergency-access/limits",
    ),
    ("a change was approved by its author", "policies.approve", "not_author", "policy-changes/rules"),
    ("a change was merged with one approval of two", "policies.merge", "approved", "separate-duties/two-persons"),
    ("a change was merged whose checks failed", "policies.merge", "checked", "tested-changes/tested"),
    ("a commit was put in force that was not merged", "policies.activate", "on_branch", "policy-activation/rules"),
    ("an unsigned commit was put in force", "policies.activate", "verified", "signed-commits/signed"),
    ("policies changed outside their window", "policies.activate", "in_change_window", "policy-activation/rules"),
    ("a workflow was deployed outside its window", "studio.deploy", "in_change_window", "workflow-deployment/window"),
    ("a workflow was deployed with one approver", "studio.deploy", "two_approvers", "workflow-deployment/deployed"),
    ("a workflow was deployed without a way back", "studio.deploy", "rollback_plan", "rollback/planned"),
    ("something was deleted under a legal hold", "replay.delete", "no_legal_hold", "legal-holds/kept"),
    ("something was replayed that is not whole", "replay.replay", "intact", "replay-integrity/intact"),
    ("a job ran that is switched off", "policies.run_job", "enabled", "scheduled-work/rules"),
    ("the backup was old", "platform.verify_backup", "recent", "backup/recent"),
    ("nobody tried to restore", "platform.verify_backup", "restore_tested", "restore-test/recent"),
    ("a request passed in the clear", "http.request", "secure", "encryption-in-transit/secure"),
    (
        "a release with a severe vulnerability was published",
        "marketplace.publish",
        "no_severe_vulnerability",
        "vulnerability-management/none-severe",
    ),
    ("an unsigned release was published", "marketplace.publish", "signed", "signed-components/signed"),
    (
        "a prohibited workflow was deployed",
        "studio.deploy",
        "ai_practice_permitted",
        "ai-risk-classification/permitted",
    ),
    ("recordings were exported without consent", "replay.export_training", "consent_given", "consent/given"),
    ("personal data were revealed by one person", "replay.reveal_pii", "second_person", "purpose-limitation/revealed"),
    (
        "personal data were revealed for another purpose",
        "replay.reveal_pii",
        "purpose_permitted",
        "purpose-limitation/revealed",
    ),
    ("data were stored in the clear", "platform.store_data", "encrypted", "encryption-at-rest/encrypted"),
    ("data were stored outside their region", "platform.store_data", "region_allowed", "data-residency/regions"),
    ("data were deleted before their time", "replay.delete", "retention_passed", "retention-and-disposal/in-time"),
    (
        "a recording was not searched for card numbers",
        "replay.record",
        "detection_complete",
        "card-number-search/searched",
    ),
    ("a refund came too late", "marketplace.refund", "within_window", "payments/paid"),
    (
        "money was paid to somebody who is sanctioned",
        "marketplace.payout",
        "not_sanctioned",
        "developer-vetting/vetted",
    ),
    ("money was paid before its time", "marketplace.payout", "held", "payments/paid"),
    ("an agent was priced by somebody else", "marketplace.price", "authorised", "billing/by-the-rules"),
    ("an order was made without stepping up", "marketplace.order", "stepped_up", "second-factor/verified"),
    ("an agent was laid out under no agreement", "marketplace.draft", "agreement", "developer-vetting/entered"),
    ("somebody vouched for their own developer", "marketplace.identify", "not_own", "developer-vetting/identified"),
    ("a developer reviewed their own agent", "marketplace.review", "not_own", "listing-quality/stated"),
    ("an appeal was decided by who had taken it off", "marketplace.appeal", "another_person", "takedown/steps"),
    (
        "what was not on sale was scanned again",
        "marketplace.rescan",
        "on_sale",
        "vulnerability-management/looked-at-again",
    ),
]
"""What was allowed although a gate failed."""

RECORDED = [
    # who acts
    ("an action that no policy knows was allowed", adds(did(None, on(9))), "role-based-access/unknown-denied"),
    (
        "nobody looked at accounts for two months",
        lacks(between(60, 120, which("platform.keep_access"))),
        "access-review/regular",
    ),
    (
        "sign-ins were refused in a burst",
        many(25, said("session.refused", on(70), reason="state"), MINUTE),
        "sign-in/refused",
    ),
    (
        "a decision names nobody",
        turns(which("studio.run"), says({"subject": {"type": None}})),
        "individual-accountability/named",
    ),
    # overrides and broken glass
    (
        "an override was approved by one person",
        lacks(which("policies.approve_override", "o0", "eve")),
        "overrides/two-persons",
    ),
    (
        "an override was approved twice by one person",
        turns(which("policies.approve_override", "o0"), by("eve")),
        "overrides/two-persons",
    ),
    (
        "an override was approved by who used it alone",
        together(
            turns(which("policies.approve_override", "o1"), by("ann")),
            lacks(which("policies.approve_override", "o1", "eve")),
        ),
        "overrides/not-the-user",
    ),
    ("an override was used past its time", adds(used("o0", on(63))), "overrides/two-persons"),
    ("an override was used that nobody asked for", adds(used("o7", on(63))), "overrides/two-persons"),
    ("overrides were used all the time", many(12, used("o0", on(60, 12)), MINUTE), "overrides/few"),
    ("broken glass was never confirmed", lacks(which("policies.confirm_break_glass")), "emergency-access/confirmed"),
    (
        "broken glass was confirmed late",
        turns(which("policies.confirm_break_glass"), later(HOUR)),
        "emergency-access/confirmed",
    ),
    (
        "broken glass was confirmed by who broke it",
        turns(which("policies.confirm_break_glass"), by("ann")),
        "emergency-access/confirmed",
    ),
    ("broken glass was never reviewed", lacks(which("policies.review_break_glass")), "emergency-access/reviewed"),
    (
        "broken glass was reviewed late",
        turns(which("policies.review_break_glass"), later(2 * DAY)),
        "emergency-access/reviewed",
    ),
    (
        "broken glass was reviewed by who broke it",
        turns(which("policies.review_break_glass"), by("ann")),
        "emergency-access/reviewed",
    ),
    # changes
    ("a change was merged without any approval", lacks(which("policies.approve", "4")), "policy-changes/approved"),
    (
        "a commit was refused that nobody can trust",
        adds(said("policy.commit_refused", on(80), commit="c", reason="unsigned")),
        "signed-commits/none-refused",
    ),
    (
        "policies changed without a decision",
        lacks(between(40, 50, which("policies.activate"))),
        "policy-activation/decided",
    ),
    ("nobody scanned for drift for a day", lacks(between(90, 92, of("policy.drift_clean"))), "drift-detection/scanned"),
    ("controls were not tested for a day", lacks(between(90, 92, of("control.tested"))), "continuous-testing/tested"),
    ("drift was not mended", lacks(between(200.25, 200.3, of("policy.drift_clean"))), "drift-detection/mended"),
    (
        "drift let something through",
        turns(of("policy.drift_found"), says({"findings": [{"blocking": True}]})),
        "drift-detection/none-blocking",
    ),
    (
        "a critical rule was merely watched",
        turns(which("studio.run"), results_in({"failed": ["x"], "violations": [{"id": "x", "severity": "critical"}]})),
        "rules-in-force/never-watched",
    ),
    # evidence
    (
        "a chain was given up",
        adds(said("chain.abandoned", on(80), chain="c", next_seq=3, reason="fenced", orphans=0)),
        "complete-log/not-abandoned",
    ),
    (
        "the store did not refuse everything",
        turns(of("storage.probe"), says({"accepted": ["delete"]})),
        "write-once-storage/refuses",
    ),
    (
        "the store was found to be worth less",
        turns(of("storage.probe"), says({"level": "L1"})),
        "write-once-storage/refuses",
    ),
    (
        "the store was not probed for two months",
        lacks(between(100, 160, of("storage.probe"))),
        "write-once-storage/probed",
    ),
    ("a hold was set without a reason", turns(of("legal_hold"), says({"reason": ""})), "legal-holds/reasoned"),
    (
        "a key was given up as compromised",
        turns(of("key.rotated"), says({"reason": "compromised"})),
        "key-rotation/none-compromised",
    ),
    (
        "the two engines disagreed",
        adds(said("engine.disagreed", on(80), bundle="b", action="a.b", decision="d")),
        "consistent-engine/agreed",
    ),
    (
        "something was allowed whose policy failed",
        adds(did("studio.run", on(80), diagnostics=[{"code": "timeout", "path": ""}])),
        "consistent-engine/no-errors",
    ),
    (
        "a caller was refused far too often",
        many(120, said("request.refused", on(80), caller="x", reason="malformed", suppressed=0), timedelta(seconds=1)),
        "valid-input/not-in-bursts",
    ),
    (
        "a caller was slowed down all day",
        many(25, said("request.throttled", on(80), caller="x", limit="per_day", suppressed=0), HOUR / 2),
        "capacity/not-throttled",
    ),
    # operations
    ("jobs did not run for two days", lacks(between(90, 92, which("policies.run_job"))), "scheduled-work/runs"),
    (
        "what has expired was kept",
        lacks(between(90, 95, which("policies.run_job", "evidence.expire"))),
        "retention-and-disposal/expires",
    ),
    ("nobody looked at the backups", lacks(between(90, 92, which("platform.verify_backup"))), "backup/looked-at"),
    (
        "somebody was denied over and over",
        many(30, did("session.open", on(80), "eve", allow=False), MINUTE),
        "anomaly-detection/bursts",
    ),
    # data, money
    (
        "personal data were revealed in bulk",
        many(55, did("replay.reveal_pii", on(80), "eve"), MINUTE),
        "purpose-limitation/few",
    ),
    ("an erasure was not completed", lacks(between(0, 100, of("erasure.completed"))), "erasure/completed"),
    # persons
    ("an attestation grew stale in between", lacks(between(80, 200, which("frameworks.attest", ATTESTED))), ATTESTED),
    ("an attestation is stale", lacks(between(150, 365, which("frameworks.attest", ATTESTED))), ATTESTED),
    (
        "one person attested where two are wanted",
        lacks(between(80, 150, which("frameworks.countersign", TWICE))),
        TWICE,
    ),
    ("who attested countersigned", turns(which("frameworks.countersign", TWICE), by("carl")), TWICE),
    ("who countersigned came late", turns(which("frameworks.countersign", TWICE), later(20 * DAY)), TWICE),
    (
        "an auditor found an exception",
        turns(which("frameworks.inspect", INSPECTED), results_in({"failed": ["without_exception"]})),
        INSPECTED,
    ),
]
"""What was recorded late, by the wrong person, not at all, or should not have happened."""

SEEDS = [*((what, slips(action, gate), test) for what, action, gate, test in SLIPPED), *RECORDED]
