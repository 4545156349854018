"""Whole numbers among a command's options."""

import re
from typing import Any

import click

from hwdse.errors import quoted

MAX_JOBS = 1024
"""Most processes at once."""

_DIGITS = re.compile("-?[0-9]{1,18}")


class Count(click.IntRange):
    """A whole number in a range, written in plain digits (Python alone takes those of any script).

    Args:
        at_least: the smallest.
        at_most: the largest.
    """

    name = "integer"

    def __init__(self, at_least: int, at_most: int = 1_000_000_000) -> None:
        super().__init__(min=at_least, max=at_most)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; fails for other texts and numbers out of range."""
        if isinstance(value, str) and not _DIGITS.fullmatch(value):
            self.fail(f"{quoted(value)} is not a valid integer of up to 18 digits.", param, ctx)
        number: int = super().convert(value, param, ctx)
        return number
