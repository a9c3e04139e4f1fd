"""A report: what tests of controls showed in a period, as PDF, page, tables, OSCAL, and as a workpaper with evidence.

Made of the log and of the controls alone, without a clock: whoever has both can make the same bytes again. Knows no
HTTP, no jobs and no pages; who may have a report is for its callers to ask.
"""
