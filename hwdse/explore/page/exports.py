"""What a reader takes away from the page: a table, or a space of the selected designs."""

from dataclasses import replace

import pandas as pd

from hwdse.explore.budget import SAMPLERS
from hwdse.explore.candidates import apart, parse_candidate
from hwdse.explore.page.catalogue import OF_PAGE
from hwdse.explore.space import Space


def table_csv(frame: pd.DataFrame) -> str:
    """The designs as a table, with the columns of `results.csv`."""
    return frame.drop(columns=list(OF_PAGE)).to_csv(index=False)


def space_file(frame: pd.DataFrame, space: str) -> str:
    """The text of a space file with these designs and the settings of another one.

    It has no budget: who selects designs wants all of them.

    Args:
        frame: the designs, at least one.
        space: text of the space that they come from; empty: the usual settings.
    """
    designs, assignments = apart(parse_candidate(spec) for spec in dict.fromkeys(frame["spec"]))
    if not space:
        return Space(name="selection", designs=designs, assignments=assignments).to_toml()
    chosen = replace(
        Space.parse(space, "space of the sweep"),
        designs=designs,
        assignments=assignments,
        budget="",
        rungs=None,
        sampler=SAMPLERS[0],
    )
    return chosen.to_toml()
