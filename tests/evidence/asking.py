"""What an auditor brings along, as each verifier takes it."""

import verify_evidence
from evidence.anchor_check import Trust
from evidence.cosignature import WitnessKey
from evidence.verify import Asked


def asked_of_ours(brought):
    witnesses = tuple(WitnessKey.parse(data.decode()) for data in brought.witnesses)
    return Asked(at=brought.at, trust=Trust(witnesses=witnesses), receipts=brought.receipts)


def asked_of_theirs(brought):
    witnesses = tuple(verify_evidence.parse_key(data, 4) for data in brought.witnesses)
    return verify_evidence.Asked(at=brought.at, witnesses=witnesses, receipts=brought.receipts)
