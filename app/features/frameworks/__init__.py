"""Controls as they run: tests on schedule and on events, findings, attestations, inspections, remediation, scores."""
