"""Verification in the auditor's own browser: the page, and the page as one file to keep."""
