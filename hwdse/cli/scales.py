"""The option `--scales`."""

from collections.abc import Callable
from typing import Any

import click

from hwdse import networks
from hwdse.errors import NetworkError
from hwdse.networks import scales


class PolicyText(click.ParamType[str]):
    """A scale policy with its option, such as `percentile:99.5`."""

    name = "policy"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """The forms of all policies."""
        del param, ctx
        return f"[{'|'.join(scales.ScalePolicy.choices[each].syntax() for each in scales.names())}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text in its shortest form. Fail if no policy has this name or takes this option."""
        try:
            return str(scales.get(str(value)))
        except NetworkError as error:
            self.fail(str(error), param, ctx)


def scales_option(
    default: str | None = networks.DEFAULT_SCALES, more: str = ""
) -> Callable[[Any], Any]:
    """The option.

    Args:
        default: the policy without the option.
        more: what else the help says, after a comma.
    """
    return click.option(
        "--scales",
        type=PolicyText(),
        default=default,
        show_default=default is not None,
        help=f"Policy that chooses the scales of activations and weights{more}.",
    )
