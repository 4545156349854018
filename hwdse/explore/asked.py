"""What a sweep is asked to do, as a store keeps it."""

from dataclasses import dataclass

from hwdse.explore.aims import DEFAULT_AIMS, Aims
from hwdse.explore.columns import Column

DEFAULT_SWEEP = "sweep"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a sweep is asked to do, besides its designs.

    Attributes:
        sweep: name of the sweep.
        aims: its objectives and limits.
        space: its space, as the text of a space file; empty: the sweep cannot be resumed.
        data_dir: folder of its dataset; empty: the usual one.
        columns: the columns of its measures, which a reader need not have installed.
    """

    sweep: str = DEFAULT_SWEEP
    aims: Aims = DEFAULT_AIMS
    space: str = ""
    data_dir: str = ""
    columns: tuple[Column, ...] = ()
