"""What can go wrong with runs of requests."""


class RunError(Exception):
    """Something cannot be had. `code` is stable: `unknown`, `gone`, `keys`, `failed`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
