"""Why there is no report."""


class ReportError(Exception):
    """A report cannot be made of what was asked for; the message is one line."""
