"""The audit trail as an auditor sees it: chains, checkpoints, anchors, keys, and what they cannot prove."""
