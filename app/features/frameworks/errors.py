"""What can go wrong where something is done about tests and findings."""


class StepError(Exception):
    """A test or a finding does not take this step; it is as it was. `code` is stable: `unknown`, `changed`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def changed() -> StepError:
    """Return the error of a step that was decided on before something else happened."""
    return StepError("changed", "it has changed since it was decided on")


def unknown() -> StepError:
    """Return the error of a step on what there is not."""
    return StepError("unknown", "there is no such thing")
