"""Reports progress on standard error: a bar on a terminal, and occasional lines elsewhere."""

import time
from dataclasses import dataclass
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

    def advance(self, text: str, steps: int = 1, *, failed: bool = False) -> None:
        """`steps` steps are finished. `text` describes them, `failed` says how they ended."""

    def note(self, text: str) -> None:
        """A message that does not belong to a step."""


class Silent:
    """A reporter that prints nothing."""

    def start(self, phase: str, total: int, done: int = 0) -> None:
        """Do nothing."""

    def advance(self, text: str, steps: int = 1, *, failed: bool = False) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""


@dataclass(kw_only=True)
class _Phase:
    """A phase of long work, and how far it is.

    Attributes:
        name: what is done.
        total: number of steps.
        earlier: steps that were finished before.
        began: time at the beginning, in seconds.
        done: steps that are finished, failed ones among them.
        failed: steps that failed.
    """

    name: str
    total: int
    earlier: int
    began: float
    done: int
    failed: int = 0

    def state(self, now: float) -> str:
        """Failed, left, rate, and time to go, as far as they are known."""
        parts = [f"{self.failed} failed"] if self.failed else []
        left, fresh, passed = self.total - self.done, self.done - self.earlier, now - self.began
        if left:
            parts.append(f"{left} left")
        if left and fresh and passed > 0:
            parts += [_rate(fresh / passed), f"{_duration(left * passed / fresh)} to go"]
        return ", ".join(parts)


class ConsoleReporter:
    """A reporter that writes to standard error, or under the cell of a notebook.

    Use it as a context manager.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._bar: Progress | None = None
        self._phase = _Phase(name="", total=0, earlier=0, began=0.0, done=0)
        self._last_line = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def start(self, phase: str, total: int, done: int = 0) -> None:
        """Open a progress bar, or print the phase."""
        self._stop()
        began = time.monotonic()
        self._phase = _Phase(name=phase, total=total, earlier=done, began=began, done=done)
        earlier = f", {done} finished earlier" if done else ""
        # A bar in a notebook needs ipywidgets; lines need nothing.
        shows_bar = self._console.is_terminal and not self._console.is_jupyter
        if total == done or not shows_bar:
            self._line(f"{phase}: {total}{earlier}")
            return
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[state]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[step]}"),
            console=self._console,
        )
        self._bar.add_task(phase, total=total, completed=done, state="", step="")
        self._bar.start()

    def advance(self, text: str, steps: int = 1, *, failed: bool = False) -> None:
        """Move the bar, or print a line if enough time has passed since the last line."""
        phase, now = self._phase, time.monotonic()
        phase.done += steps
        phase.failed += failed
        state = phase.state(now)
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], advance=steps, state=state, step=escape(text))
            return
        if phase.done == phase.total or now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            told = f" ({state})" if state else ""
            self._line(f"{phase.name} {phase.done}/{phase.total}{told}: {text}")

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


def _rate(per_second: float) -> str:
    """Steps per second, minute or hour, whichever gives one step or more."""
    for unit, seconds in (("s", 1), ("min", 60), ("h", 3600)):
        rate = per_second * seconds
        if rate >= 1 or unit == "h":
            break
    return f"{rate:.0f}/{unit}" if rate >= 100 else f"{rate:.2g}/{unit}"


def _duration(seconds: float) -> str:
    """A time in its two largest units."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
