"""The parameter type of options that take a whole number."""

import re
from typing import Any

import click

from hwdse.errors import quoted

MAX_JOBS = 1024
"""Largest number of processes that run at the same time."""

_DIGITS = re.compile("-?[0-9]{1,18}")


class Count(click.IntRange):
    """A whole number in a range, written with the digits 0 to 9.

    Python's `int` also accepts the digits of other scripts. This type rejects them.

    Args:
        at_least: smallest allowed number.
        at_most: largest allowed number.
    """

    name = "integer"

    def __init__(self, at_least: int, at_most: int = 1_000_000_000) -> None:
        super().__init__(min=at_least, max=at_most)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number. Fail if the text is no number or if the number is out of range."""
        if isinstance(value, str) and not _DIGITS.fullmatch(value):
            self.fail(f"{quoted(value)} is not a valid integer of up to 18 digits.", param, ctx)
        number: int = super().convert(value, param, ctx)
        return number
