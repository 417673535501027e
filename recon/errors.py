"""The one error that the engine raises for bad input."""

from __future__ import annotations


class InputError(ValueError):
    """Input that cannot be used, with what would mend it.

    The command line prints it as one line and exits with status 2; the web application shows both
    parts to the person who uploaded the file.

    Attributes:
        code: stable machine-readable word, for example ``"no_geometry"``.
        message: what is wrong, one sentence without the final full stop.
        remedy: what the reader can do about it, one sentence without the final full stop.
    """

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(f"{message}. {remedy}.")
        self.code = code
        self.message = message
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str]]:
        """Pickle by the three parts, so that an error of a worker process arrives whole."""
        return InputError, (self.code, self.message, self.remedy)
