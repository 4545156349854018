"""Arguments and options that name a store and one of its sweeps."""

from pathlib import Path
from typing import Any

import click

from hwdse.explore.database import Place


class PlaceType(click.ParamType[Place]):
    """A file, a folder, or the URL of a database. URLs stay text, because paths merge slashes."""

    name = "store"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Place:
        """See `click.ParamType`."""
        if isinstance(value, Path) or "://" in value:
            return value
        path: Path = click.Path(path_type=Path).convert(value, param, ctx)
        return path


sweep_option = click.option(
    "--sweep", metavar="NAME", help="Sweep of the store; the latest by default."
)
