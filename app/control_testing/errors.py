"""Why controls cannot be tested."""


class ControlTestingError(Exception):
    """There are no rows to be had, or not all of them: nothing can be said of the period."""


class PeriodError(ControlTestingError):
    """The period is none, or has not ended yet."""
