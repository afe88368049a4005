"""What goes wrong, and what to look at."""


class Error(ValueError):
    """Bad input or settings, or a machine that cannot do what was asked. The text is the one line that the program
    would print: what is wrong, where, and what to do. `exit_code` is what the program would end with."""

    def __init__(self, line: str, exit_code: int = 2) -> None:
        super().__init__(line)
        self.exit_code = exit_code

    def __reduce__(self):
        return type(self), (str(self), self.exit_code)


class OptionError(Error):
    """The value of an argument is wrong. `option` is its name."""

    def __init__(self, line: str, option: str = "") -> None:
        super().__init__(line)
        self.option = option

    def __reduce__(self):
        return type(self), (str(self), self.option)


class TemporaryError(Error):
    """May be gone at the next try: a full disk, too little memory, an output that another run is writing."""

    def __init__(self, line: str) -> None:
        super().__init__(line, 75)

    def __reduce__(self):
        return type(self), (str(self),)


class BugError(RuntimeError):
    """A bug of vlrm's own. Please report it."""


class VlrmWarning(UserWarning):
    """About a result that may not be what was meant."""
