"""What can go wrong with systems and incidents."""


class AiActError(Exception):
    """Something is not done, and nothing was changed. `code` is stable: `unknown`, `changed`, `data`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
