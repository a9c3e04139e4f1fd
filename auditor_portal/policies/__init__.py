"""Policies as an auditor reads them: what was in force when, its files, how it came about, who approved it."""
