"""Progress of long work on standard error: a bar on a terminal, a line now and then elsewhere."""

import time
from typing import Protocol, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

# A log that nobody watches needs no line for each of ten thousand designs.
_SECONDS_BETWEEN_LINES = 2.0


class Reporter(Protocol):
    """Told about the steps of long work."""

    def start(self, phase: str, total: int, done: int = 0) -> None:
        """A phase of `total` steps begins, `done` of them finished earlier."""

    def advance(self, text: str, steps: int = 1) -> None:
        """Steps are finished; `text` says which."""

    def note(self, text: str) -> None:
        """Something worth saying that is no step."""


class Silent:
    """Says nothing."""

    def start(self, phase: str, total: int, done: int = 0) -> None:
        """Nothing."""

    def advance(self, text: str, steps: int = 1) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""


class ConsoleReporter:
    """Writes to standard error; use as a context manager."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bar: Progress | None = None
        self._phase = ""
        self._total = self._done = 0
        self._last_line = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def start(self, phase: str, total: int, done: int = 0) -> None:
        """Open a bar, or print the phase."""
        self._stop()
        self._phase, self._total, self._done = phase, total, done
        earlier = f", {done} finished earlier" if done else ""
        if total == done or not self._console.is_terminal:
            self._line(f"{phase}: {total}{earlier}")
        if total == done or not self._console.is_terminal:
            return
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[step]}"),
            console=self._console,
        )
        self._bar.add_task(phase, total=total, completed=done, step="")
        self._bar.start()

    def advance(self, text: str, steps: int = 1) -> None:
        """Move the bar, or print a line if the last one is long enough ago."""
        self._done += steps
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], advance=steps, step=escape(text))
            return
        now = time.monotonic()
        if self._done == self._total or now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            self._line(f"{self._phase} {self._done}/{self._total}: {text}")

    def note(self, text: str) -> None:
        """Print one line, above the bar if there is one."""
        self._line(text)

    def _line(self, text: str) -> None:
        # soft_wrap: one message is one line, however long.
        self._console.print(escape(text), soft_wrap=True)

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
