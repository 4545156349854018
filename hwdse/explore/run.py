"""The sweep: evaluates designs that the store lacks, verifies the front, writes the results."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from hwdse.errors import FailedDesignsError, SpaceError
from hwdse.explore.aims import DEFAULT_AIMS, Aims
from hwdse.explore.asked import DEFAULT_SWEEP, Asked
from hwdse.explore.candidates import Compared, candidate_of
from hwdse.explore.clocking import clocked
from hwdse.explore.columns import OF_ANSWERS
from hwdse.explore.database import STORE_NAME, Place
from hwdse.explore.evaluation import DesignEvaluator
from hwdse.explore.front import pareto
from hwdse.explore.hypervolume import Hypervolume, hypervolumes
from hwdse.explore.measures import measure_named
from hwdse.explore.paired import Paired
from hwdse.explore.progress import Reporter, Silent
from hwdse.explore.record import Evaluator
from hwdse.explore.space import Space
from hwdse.explore.steps import SweepPart, SweepSteps
from hwdse.explore.store import Store
from hwdse.explore.verilog import Generator, VerilogGenerator
from hwdse.networks import metrics
from hwdse.networks.metrics.classes import TopClasses
from hwdse.networks.source import NO_SETTINGS, NetworkSettings
from hwdse.runners import runner_of
from hwdse.text import printable
from hwdse.workers import Failure
from hwdse.writing import writable_folder

# Largest number of failures in an error message. Without a simulator, for example, all designs of a
# sweep fail for the same reason.
_MOST_TOLD = 10


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Results of a finished sweep.

    Attributes:
        folder: folder with all results.
        frame: a table with one row per design, in the order of the space. It has the columns of
            `Store.frame`, and `front`, `front_probability`, `standing` and `verilog`.
        files: paths of the written files, by kind; the URL of a store on a server.
        computed: number of designs that this sweep evaluated.
        reused: number of designs that were evaluated earlier.
        failed: number of designs that failed in this sweep. See column `failure` of the frame.
        skipped: number of combinations in the space that are not valid designs.
        aims: objectives and limits of the front.
        unmeasured: number of designs that a search left out.
        hypervolumes: how much of the space of objectives the front of each combination beats, with
            its interval. The name of the only combination is empty.
    """

    folder: Path
    frame: pd.DataFrame = field(repr=False)
    files: dict[str, Path | str]
    computed: int
    reused: int
    skipped: int
    failed: int = 0
    aims: Aims = DEFAULT_AIMS
    unmeasured: int = 0
    hypervolumes: Mapping[str, Hypervolume] = field(default_factory=dict)

    @property
    def front(self) -> pd.DataFrame:
        """Designs on the Pareto front. The best quality comes first."""
        return pareto(self.frame, self.aims)

    @property
    def failures(self) -> pd.DataFrame:
        """Designs whose evaluation or verification failed."""
        return self.frame[self.frame["failure"] != ""]


def sweep(
    space: Space,
    folder: str | Path = "hwdse-out",
    *,
    store: Place | None = None,
    name: str = DEFAULT_SWEEP,
    jobs: int | None = None,
    scheduler: str | None = None,
    network: str | None = None,
    settings: NetworkSettings | None = None,
    samples: int | None = None,
    scales: str | None = None,
    requantize: bool | None = None,
    clock_ns: float | None = None,
    budget: str | None = None,
    sampler: str | None = None,
    data_dir: str | Path | None = None,
    reporter: Reporter | None = None,
    evaluator: Evaluator | None = None,
    generator: Generator | None = None,
) -> Sweep:
    """Evaluate all designs and assignments of `space`, with verified Verilog for the front.

    Each finished design is stored at once. An interrupted sweep therefore
    continues where it stopped: calling again gives the same rows as a call without interruption. A
    failed design is stored with the reason, and the next call tries it again.

    Args:
        space: designs, network, samples and technology.
        folder: folder for the results. It is created if it is missing.
        store: file, or URL of a PostgreSQL database, that keeps what is finished. Default:
            `folder`/store.sqlite.
        name: name of the sweep in the store. Sweeps of other names stay in it.
        jobs: number of worker processes. Default: one per core. With 1, this process does the work,
            and a design that kills its process kills this process.
        scheduler: address of a Dask scheduler, such as tcp://127.0.0.1:8786, whose workers do the
            work instead.
        network: network to use instead of the network in the space, without the data, metric and
            other settings of that one.
        settings: data, metric and other settings of the network, instead of those in the space.
        samples: number of test samples to use instead of the number in the space.
        scales: scale policy to use instead of the policy in the space.
        requantize: whether layers hand on their outputs in the output format; overrides the space.
        clock_ns: clock period that all designs shall meet, instead of the clock of the space.
        budget: how many designs to measure, such as `10%` or `200`, instead of the budget of the
            space. A search then chooses them; the others are not in the results.
        sampler: what chooses the designs, instead of the sampler of the space: one of
            `hwdse.explore.budget.SAMPLERS`.
        data_dir: folder of a registered dataset. Default: $HWDSE_DATA or the system folder.
        reporter: receives the progress.
        evaluator: evaluates a design. Default: analytic cost, and accuracy of the network.
        generator: writes and verifies Verilog. Default: `hwdse.verify.generate`.

    Raises:
        HwdseError: the network, dataset, technology or folder cannot be used.
        FailedDesignsError: the evaluation or verification of a design failed. All other results are
            written. The attribute `result` of the error is the `Sweep`.
    """
    if network is not None:
        space = replace(space.fixed(network=network), settings=settings or NO_SETTINGS)
    elif settings is not None:
        space = replace(space, settings=settings)
    if clock_ns is not None:
        space = space.fixed(clock_ns=clock_ns)
    given = {"samples": samples, "scales": scales, "requantize": requantize}
    given |= {"budget": budget, "sampler": sampler}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    space = replace(space, **changes)
    data = None if data_dir is None else Path(data_dir)
    # Report what is missing of any combination before any work.
    measures = tuple(measure_named(one) for one in space.measures)
    evaluators = [evaluator or _evaluator(one, data) for _, one in space.combinations]
    for each in evaluators:
        if isinstance(each, DesignEvaluator):
            _check_aims(each, space.aims)
    reporter = reporter or Silent()
    runner = runner_of(jobs, scheduler)
    chosen = []
    for (combination, one), each in zip(space.combinations, evaluators, strict=True):
        compared = clocked(one, runner, reporter).candidates
        keys = {each.key(candidate): candidate for candidate in compared}
        chosen.append(SweepPart(name=combination, evaluator=each, keys=keys))
    run = SweepSteps(
        asked=Asked(
            sweep=name,
            aims=space.aims,
            space=space.to_toml(),
            data_dir="" if data is None else str(data.absolute()),
            columns=tuple(column for measure in measures for column in measure.columns),
        ),
        folder=writable_folder(Path(folder)),
        runner=runner,
        reporter=reporter,
        parts=tuple(chosen),
        measures=measures,
    )
    with Store.create(run.folder / STORE_NAME if store is None else store) as opened:
        known = {key for key in run.keys if key in opened}
        pool = len(run.keys)
        if space.budget:
            run = run.searched(opened, space.budget, space.sampler, space.rungs)
        earlier = sum(key in known for key in run.keys)
        failures = run.evaluate(opened)
        computed = sum(key in opened for key in run.keys) - earlier
        failures |= run.prove(opened, generator or VerilogGenerator())
        rows = opened.rows()
        paired = Paired.of(rows)
        frame = run.frame(rows, paired)
        volumes = hypervolumes(frame, space.aims, paired)
        files = run.write(opened, frame, paired)
    result = Sweep(
        folder=run.folder,
        frame=frame,
        files=files,
        computed=computed,
        reused=earlier,
        skipped=space.skipped,
        aims=space.aims,
        unmeasured=pool - len(run.keys),
        hypervolumes=volumes,
        failed=len(failures),
    )
    if failures:
        raise FailedDesignsError(_message(run.keys, failures), result)
    return result


def _evaluator(space: Space, data_dir: Path | None) -> DesignEvaluator:
    """The evaluator of a space with one combination."""
    return DesignEvaluator.prepare(
        space.network,
        space.samples,
        space.technology,
        data_dir,
        settings=space.settings,
        scales=space.scales,
        methods=space.methods,
        best_of=space.best_of_methods,
        requantize=space.requantize,
        clock_ns=space.clock_ns,
        fabric=space.fabric,
        machine=space.machine,
    )


def _check_aims(evaluator: DesignEvaluator, aims: Aims) -> None:
    """Check that the metric has the quantities that designs are compared by.

    Raises:
        SpaceError: it counts right answers or does not, and a quantity is of the other kind.
    """
    metric = metrics.get(evaluator.metric)
    # Some metrics count right answers only for some outputs: only what is sure is refused.
    if isinstance(metric, TopClasses):
        refused: tuple[str, ...] = ("metric_loss",)
        allowed: tuple[str, ...] = ("sqnr_db", *OF_ANSWERS)
    elif metric.needs_labels and metric.is_percentage and metric.higher_is_better:
        return
    else:
        refused, allowed = OF_ANSWERS, ("sqnr_db", "metric_loss")
    for name in (*aims.objectives, *(limit.column.name for limit in aims.where)):
        if name in refused:
            raise SpaceError(
                f"{name}: metric {metric.name} of network {evaluator.title} does not give it; "
                f"beside costs, {' and '.join(allowed)} are allowed"
            )


def _message(keys: Mapping[str, Compared], failures: Mapping[str, Failure]) -> str:
    """Error message: number of failed designs, and reason per design, in the order of the space."""
    lines = [
        f"{len(failures)} of {len(keys)} designs failed; all others are finished, and the same "
        "command tries these again"
    ]
    failed = [(design, failures[key]) for key, design in keys.items() if key in failures]
    for one, failure in failed[:_MOST_TOLD]:
        said, label = "\n".join(map(printable, failure.text.splitlines())), candidate_of(one).label
        lines.append(said if said.startswith(label) else f"{label}: {said}")
    if len(failed) > _MOST_TOLD:
        lines.append(f"and {len(failed) - _MOST_TOLD} more, see results.csv")
    return "\n".join(lines)
