"""The sweep: evaluate what the store lacks, prove the front, write the results."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from hwdse.errors import FailedDesignsError
from hwdse.explore.evaluation import DesignEvaluator
from hwdse.explore.front import pareto, pareto_mask
from hwdse.explore.plotting import plot
from hwdse.explore.progress import Reporter, Silent
from hwdse.explore.record import Evaluation, Evaluator, short_spec
from hwdse.explore.reporting import report
from hwdse.explore.space import Space
from hwdse.explore.store import RTL_FOLDER, STORE_NAME, Store, finished, frame_of
from hwdse.explore.verilog import Generator, Verification, VerilogGenerator, holds
from hwdse.explore.workers import Failure, run_tasks
from hwdse.spec import Design
from hwdse.text import printable
from hwdse.writing import writable_folder, write_file

# A sweep of ten thousand designs without a simulator fails ten thousand times alike.
_MOST_TOLD = 10


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Results of a finished sweep.

    Attributes:
        folder: where everything lies.
        frame: a row per design in the order of the space; see `Store.frame`, and `front`.
        files: what was written, by kind.
        computed: designs evaluated now.
        reused: designs finished earlier.
        failed: designs that failed now; see the column `failure` of the frame.
        skipped: combinations of the space without meaning.
    """

    folder: Path
    frame: pd.DataFrame = field(repr=False)
    files: dict[str, Path]
    computed: int
    reused: int
    skipped: int
    failed: int = 0

    @property
    def front(self) -> pd.DataFrame:
        """Designs on the Pareto front of energy and rank, the best rank first."""
        return pareto(self.frame)

    @property
    def failures(self) -> pd.DataFrame:
        """Designs that failed their evaluation or their verification."""
        return self.frame[self.frame["failure"] != ""]


def sweep(
    space: Space,
    folder: str | Path = "hwdse-out",
    *,
    jobs: int | None = None,
    network: str | None = None,
    samples: int | None = None,
    scales: str | None = None,
    requantize: bool | None = None,
    data_dir: str | Path | None = None,
    reporter: Reporter | None = None,
    evaluator: Evaluator | None = None,
    generator: Generator | None = None,
) -> Sweep:
    """Evaluate every design of `space`, and generate verified Verilog of those on the front.

    Finished designs are kept in `folder`/store.sqlite one by one, so an interrupted sweep goes on
    where it stopped: calling again gives the same rows as an uninterrupted call. A design that
    fails, in whatever way, is kept as failed with its reason, and tried again by the next call.

    Args:
        space: designs, network, samples and technology.
        folder: made if missing.
        jobs: worker processes; one per core by default. With 1 the work is done in this process,
            which a design that takes its process down then ends.
        network: instead of the space's.
        samples: instead of the space's.
        scales: policy that chooses scales, instead of the space's.
        requantize: whether layers hand on what they give in the output format, instead of the
            space's.
        data_dir: folder of the dataset; where it is installed by default.
        reporter: told about progress.
        evaluator: measures a design; the analytic cost and the network's accuracy by default.
        generator: writes and proves Verilog; `hwdse.verify.generate` by default.

    Raises:
        HwdseError: the network, dataset, technology or folder cannot be used.
        FailedDesignsError: designs failed, or their verification did; all else is written, and the
            error has the `Sweep` as its `result`.
    """
    if network is not None:
        space = replace(space, network=network)
    if samples is not None:
        space = replace(space, samples=samples)
    if scales is not None:
        space = replace(space, scales=scales)
    if requantize is not None:
        space = replace(space, requantize=requantize)
    if evaluator is None:
        evaluator = DesignEvaluator.prepare(
            space.network,
            space.samples,
            space.technology,
            None if data_dir is None else Path(data_dir),
            scales=space.scales,
            requantize=space.requantize,
        )
    run = _Run(
        space=space,
        folder=writable_folder(Path(folder)),
        jobs=jobs,
        reporter=reporter or Silent(),
        keys={evaluator.key(design): design for design in space.designs},
    )
    with Store.create(run.folder / STORE_NAME) as store:
        earlier = sum(key in store for key in run.keys)
        failures = run.evaluate(store, evaluator)
        computed = len(run.keys) - earlier - len(failures)
        failures |= run.prove(store, generator or VerilogGenerator())
        frame = run.frame(store)
        files = run.write(store, frame)
    result = Sweep(
        folder=run.folder,
        frame=frame,
        files=files,
        computed=computed,
        reused=earlier,
        skipped=space.skipped,
        failed=len(failures),
    )
    if failures:
        raise FailedDesignsError(_message(run.keys, failures), result)
    return result


@dataclass(frozen=True, kw_only=True)
class _Run:
    space: Space
    folder: Path
    jobs: int | None
    reporter: Reporter
    keys: dict[str, Design]

    def evaluate(self, store: Store, evaluator: Evaluator) -> dict[str, Failure]:
        """Evaluate the designs that the store lacks; what failed, by key."""
        store.select(self.keys)
        # A damaged row shows before any work.
        store.rows()
        missing = {design: key for key, design in self.keys.items() if key not in store}
        self.reporter.start("designs", len(self.keys), len(self.keys) - len(missing))
        return self._outcomes(evaluator, missing, store.add, "evaluation", store)

    def prove(self, store: Store, generator: Generator) -> dict[str, Failure]:
        """Generate the Verilog that the front lacks; what failed, by key."""
        rtl = writable_folder(self.folder / RTL_FOLDER)
        store.forget_failures("verification")
        rows = store.rows()
        front = [rows[number] for number in pareto(finished(frame_of(rows))).index]
        missing = {
            self.keys[row.key]: row.key
            for row in front
            if not holds(rtl / row.slug, row.certificate)
        }
        self.reporter.start("verified Verilog", len(front), len(front) - len(missing))
        task = Verification(generator=generator, rtl=rtl)
        return self._outcomes(task, missing, store.certify, "verification", store)

    def _outcomes(
        self,
        task: Callable[[Design], Any],
        missing: Mapping[Design, str],
        keep: Callable[[str, Any], None],
        stage: str,
        store: Store,
    ) -> dict[str, Failure]:
        """Do a task for designs, which have keys, and keep what comes; what failed, by key."""
        failures = {}
        # Closed at once when this ends early: workers do not wait for the collector.
        with closing(run_tasks(task, missing, self.jobs)) as outcomes:
            for design, outcome in outcomes:
                key = missing[design]
                failure = _kept(keep, key, outcome)
                if failure is not None:
                    failures[key] = failure
                    store.fail(key, stage, failure.reason)
                self.reporter.advance(f"{short_spec(design)}{_shown(outcome, failure)}")
        return failures

    def frame(self, store: Store) -> pd.DataFrame:
        """The store's frame with the front, and the folders of the Verilog."""
        rows = store.rows()
        frame = frame_of(rows)
        frame["front"] = pareto_mask(frame)
        frame["verilog"] = [
            f"{RTL_FOLDER}/{row.slug}"
            if holds(self.folder / RTL_FOLDER / row.slug, row.certificate)
            else ""
            for row in rows
        ]
        return frame

    def write(self, store: Store, frame: pd.DataFrame) -> dict[str, Path]:
        """Write table, plots and report; their paths by kind."""
        self.reporter.start("results", 3)
        csv = write_file(self.folder / "results.csv", frame.to_csv(index=False))
        self.reporter.advance(csv.name)
        png, svg = plot(frame, self.folder / "pareto")
        self.reporter.advance(f"{png.name} {svg.name}")
        html = report(store, self.folder / "report.html")
        self.reporter.advance(html.name)
        return {
            "store": store.path,
            "results": csv,
            "plot": png,
            "plot_svg": svg,
            "report": html,
            "verilog": self.folder / RTL_FOLDER,
        }


def _kept(keep: Callable[[str, Any], None], key: str, outcome: Any) -> Failure | None:
    """Keep a result in the store; a failure if it is one, or if it cannot be kept."""
    if isinstance(outcome, Failure):
        return outcome
    try:
        keep(key, outcome)
    except (AttributeError, TypeError, ValueError) as error:
        return Failure(text=f"unusable result: {error}")
    return None


def _shown(outcome: Any, failure: Failure | None) -> str:
    """What progress says of an outcome after the design."""
    if failure is not None:
        return "  FAILED"
    if isinstance(outcome, Evaluation):
        energy = outcome.cost["energy_pj"]
        return f"  {outcome.accuracy['value']:.2%}  {energy:.3g} pJ"
    return ""


def _message(keys: Mapping[str, Design], failures: Mapping[str, Failure]) -> str:
    """How many designs failed, and each with what it said, in the order of the space."""
    lines = [
        f"{len(failures)} of {len(keys)} designs failed; all others are finished, and the same "
        "command tries these again"
    ]
    failed = [(design, failures[key]) for key, design in keys.items() if key in failures]
    for design, failure in failed[:_MOST_TOLD]:
        said = "\n".join(map(printable, failure.text.splitlines()))
        lines.append(said if said.startswith(str(design)) else f"{design}: {said}")
    if len(failed) > _MOST_TOLD:
        lines.append(f"and {len(failed) - _MOST_TOLD} more, see results.csv")
    return "\n".join(lines)
