"""What can go wrong with requests of data subjects."""


class DsrError(Exception):
    """Something is not done, and nothing was changed. `code` is stable."""

    code = "dsr"


class StepError(DsrError):
    """From where the request is, this step leads nowhere."""

    code = "step"


class UnknownRequestError(DsrError):
    """There is no such request, or its personal data are gone."""

    code = "unknown"


class ChangedError(DsrError):
    """What was decided on has changed since."""

    code = "changed"


class SayingError(DsrError):
    """What was said is missing, too long or in another form; the message names the field, and quotes nothing."""

    code = "said"


class VaultError(DsrError):
    """The personal data of requests cannot be kept or read now."""

    code = "vault"


class DsrDataError(DsrError):
    """The policies in force do not say what this feature needs."""

    code = "data"
