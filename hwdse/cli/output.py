"""Prints the results of commands: as one JSON document, or as tables for people."""

import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hwdse.explore.progress import Reporter

json_option: Callable[[Any], Any] = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."
)


def print_json(document: Any) -> None:
    """Print a JSON document. NaN and infinities become the texts `nan`, `inf` and `-inf`."""
    click.echo(json.dumps(_plain(document), indent=2, allow_nan=False))


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case np.generic():
            return _plain(value.item())
        case float() if not math.isfinite(value):
            return str(value)
        case Path():
            return str(value)
        case _:
            return value


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: with drawn lines on a terminal, as aligned text elsewhere.

    A column is aligned right if its first cell starts with a digit or a sign and a digit.
    """
    texts = [[str(cell) for cell in row] for row in rows]
    right = [bool(texts) and _numeric(texts[0][i]) for i in range(len(head))]
    if not sys.stdout.isatty():
        widths = [max(len(row[i]) for row in [list(head), *texts]) for i in range(len(head))]
        for row in [list(head), *texts]:
            cells = (
                cell.rjust(width) if to_right else cell.ljust(width)
                for cell, width, to_right in zip(row, widths, right, strict=True)
            )
            click.echo("  ".join(cells).rstrip())
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title, to_right in zip(head, right, strict=True):
        table.add_column(title, justify="right" if to_right else "left", overflow="fold")
    for row in texts:
        # `Text` prints a `[` as it is. A plain string would be read as markup.
        table.add_row(*map(Text, row))
    Console().print(table)


def _numeric(text: str) -> bool:
    return text.lstrip("-+")[:1].isdigit()


def percent(value: float) -> str:
    """Return the text of a fraction of 1 as a percentage with two decimals."""
    return f"{100 * value:.2f} %"


class Steps:
    """A progress function that tells a reporter the number of newly finished samples."""

    def __init__(self, reporter: Reporter, text: str) -> None:
        self._reporter, self._text, self._done = reporter, text, 0

    def __call__(self, done: int, total: int) -> None:
        """Report that `done` of `total` samples are finished."""
        del total
        self._reporter.advance(self._text, done - self._done)
        self._done = done
