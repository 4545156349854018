"""Reports progress on standard error: a bar on a terminal, and occasional lines elsewhere."""

import time
from typing import Protocol, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

# A log file does not need a line per design, because a sweep can have ten thousand designs.
_SECONDS_BETWEEN_LINES = 2.0


class Reporter(Protocol):
    """Interface for receiving the progress of long work."""

    def start(self, phase: str, total: int, done: int = 0) -> None:
        """A phase of `total` steps begins. `done` steps were finished earlier."""

    def advance(self, text: str, steps: int = 1) -> None:
        """`steps` steps are finished. `text` describes them."""

    def note(self, text: str) -> None:
        """A message that does not belong to a step."""


class Silent:
    """A reporter that prints nothing."""

    def start(self, phase: str, total: int, done: int = 0) -> None:
        """Do nothing."""

    def advance(self, text: str, steps: int = 1) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""


class ConsoleReporter:
    """A reporter that writes to standard error. Use it as a context manager."""

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
        """Open a progress bar, or print the phase."""
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
        """Move the bar, or print a line if enough time has passed since the last line."""
        self._done += steps
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], advance=steps, step=escape(text))
            return
        now = time.monotonic()
        if self._done == self._total or now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            self._line(f"{self._phase} {self._done}/{self._total}: {text}")

    def note(self, text: str) -> None:
        """Print one line, above the bar if a bar is open."""
        self._line(text)

    def _line(self, text: str) -> None:
        # With soft_wrap, a long message stays one line.
        self._console.print(escape(text), soft_wrap=True)

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
