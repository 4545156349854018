"""The option `--store OPERAND=FORMAT`: formats in memory."""

from collections.abc import Callable
from typing import Any

import click

from hwdse.errors import SpecError


def store_option(default: str) -> Callable[[Any], Any]:
    """The option as a decorator.

    Args:
        default: what the formats are without it, in words.
    """
    return click.option(
        "--store",
        multiple=True,
        metavar="OPERAND=FORMAT",
        help=f"Format in memory of a, b, sum or out, such as b=mxfp4. Default: {default}.",
    )


def stored_formats(store: tuple[str, ...]) -> dict[str, str]:
    """The format by operand.

    Raises:
        SpecError: an operand has no format, or several.
    """
    found: dict[str, str] = {}
    for text in store:
        operand, equals, name = text.partition("=")
        if not equals or not name:
            raise SpecError(f"--store {text!r}: OPERAND=FORMAT is needed, such as b=mxfp4")
        if operand in found:
            raise SpecError(f"--store gives {operand!r} twice")
        found[operand] = name
    return found
