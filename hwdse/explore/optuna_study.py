"""Writes the results of a sweep as an Optuna study, for the tools that read one."""

from pathlib import Path
from typing import Any

import pandas as pd

from hwdse.errors import OutputError, why
from hwdse.explore.aims import Aims
from hwdse.explore.combinations import parts
from hwdse.explore.search.optuna_search import experiments, optuna
from hwdse.explore.search.parameters import Parameters
from hwdse.spec import Design
from hwdse.text import printable

_STUDY = "hwdse"


def write_study(done: pd.DataFrame, aims: Aims, path: Path) -> list[str]:
    """Write finished designs as studies in an SQLite file: one for each combination.

    Each design is a finished trial. Its parameters are the keys of the design spec that differ in
    the sweep, its values the objectives, and its user attributes the spec and all other columns
    that have a value. Assignments of designs to layers have no such keys, and are left out.

    Args:
        done: finished designs, as of `hwdse.explore.tables.finished`.
        aims: the objectives.
        path: the file. It must not exist.

    Returns:
        Names of the studies.

    Raises:
        SearchError: Optuna is not installed.
        OutputError: the file exists, or cannot be written.
    """
    library = optuna()
    shown = printable(str(path))
    if path.exists():
        raise OutputError(f"{shown} exists: give another file")
    directions = ["maximize" if column.maximize else "minimize" for column in aims.columns]
    names = []
    try:
        for name, places in parts(done):
            frame = done.iloc[places].dropna(subset=list(aims.objectives))
            frame = frame[frame["by_layer"].isna()]
            study = library.create_study(
                study_name=f"{_STUDY}: {name}" if name else _STUDY,
                storage=f"sqlite:///{path.absolute()}",
                directions=directions,
            )
            with experiments(library):
                study.set_metric_names([column.name for column in aims.columns])
            study.add_trials(_trials(library, frame, aims))
            names.append(study.study_name)
    except (OSError, library.exceptions.StorageInternalError) as error:
        said = why(error) if isinstance(error, OSError) else " ".join(str(error).split())
        raise OutputError(f"{shown} cannot be written: {said[:200]}") from error
    return names


def _trials(library: Any, frame: pd.DataFrame, aims: Aims) -> list[Any]:
    designs = [Design.parse(spec) for spec in frame["spec"]]
    parameters = Parameters(designs=designs)
    space = {
        name: library.distributions.CategoricalDistribution(values)
        for name, values in parameters.choices.items()
    }
    return [
        library.trial.create_trial(
            params=parameters.of(design),
            distributions=space,
            values=[float(record[name]) for name in aims.objectives],
            user_attrs={
                str(name): value
                for name, value in record.items()
                if name not in aims.objectives and not pd.isna(value)
            },
        )
        for design, record in zip(designs, frame.to_dict("records"), strict=True)
    ]
