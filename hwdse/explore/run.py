"""The sweep: evaluate what the store lacks, prove the front, write the results."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from hwdse.errors import VerificationError
from hwdse.explore.evaluation import DesignEvaluator
from hwdse.explore.files import writable_folder, write_file
from hwdse.explore.front import pareto, pareto_mask
from hwdse.explore.plotting import plot
from hwdse.explore.progress import Reporter, Silent
from hwdse.explore.record import Evaluator, short_spec
from hwdse.explore.reporting import report
from hwdse.explore.space import Space
from hwdse.explore.store import RTL_FOLDER, STORE_NAME, Store
from hwdse.explore.verilog import Generator, Verification, VerilogGenerator
from hwdse.explore.workers import cores, run_tasks
from hwdse.spec import Design


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Results of a finished sweep.

    Attributes:
        folder: where everything lies.
        frame: a row per design in the order of the space; see `Store.frame`, and `front`.
        files: what was written, by kind.
        computed: designs evaluated now.
        reused: designs finished earlier.
        skipped: combinations of the space without meaning.
    """

    folder: Path
    frame: pd.DataFrame = field(repr=False)
    files: dict[str, Path]
    computed: int
    reused: int
    skipped: int

    @property
    def front(self) -> pd.DataFrame:
        """Designs on the Pareto front of energy and accuracy, the most accurate first."""
        return pareto(self.frame)


def sweep(
    space: Space,
    folder: str | Path = "hwdse-out",
    *,
    jobs: int | None = None,
    network: str | None = None,
    samples: int | None = None,
    data_dir: str | Path | None = None,
    reporter: Reporter | None = None,
    evaluator: Evaluator | None = None,
    generator: Generator | None = None,
) -> Sweep:
    """Evaluate every design of `space`, and generate verified Verilog of those on the front.

    Finished designs are kept in `folder`/store.sqlite one by one, so an interrupted sweep goes on
    where it stopped: calling again gives the same rows as an uninterrupted call.

    Args:
        space: designs, network, samples and technology.
        folder: made if missing.
        jobs: worker processes; one per core by default.
        network: instead of the space's.
        samples: instead of the space's.
        data_dir: folder of the dataset; where it is installed by default.
        reporter: told about progress.
        evaluator: measures a design; the analytic cost and the network's accuracy by default.
        generator: writes and proves Verilog; `hwdse.verify.generate` by default.

    Raises:
        HwdseError: the network, dataset, technology or folder cannot be used.
        VerificationError: a design on the front failed its verification; everything else is
            written all the same.
    """
    if network is not None:
        space = replace(space, network=network)
    if samples is not None:
        space = replace(space, samples=samples)
    if evaluator is None:
        evaluator = DesignEvaluator.prepare(
            space.network,
            space.samples,
            space.technology,
            None if data_dir is None else Path(data_dir),
        )
    run = _Run(
        space=space,
        folder=writable_folder(Path(folder)),
        jobs=jobs or cores(),
        reporter=reporter or Silent(),
        keys={evaluator.key(design): design for design in space.designs},
    )
    with Store.create(run.folder / STORE_NAME) as store:
        computed = run.evaluate(store, evaluator)
        failures = run.prove(store, generator or VerilogGenerator())
        frame = run.frame(store)
        files = run.write(store, frame)
    if failures:
        raise VerificationError(
            f"{len(failures)} of {int(frame['front'].sum())} designs on the front failed their "
            "verification:\n" + "\n".join(failures)
        )
    return Sweep(
        folder=run.folder,
        frame=frame,
        files=files,
        computed=computed,
        reused=len(space.designs) - computed,
        skipped=space.skipped,
    )


@dataclass(frozen=True, kw_only=True)
class _Run:
    space: Space
    folder: Path
    jobs: int
    reporter: Reporter
    keys: dict[str, Design]

    def evaluate(self, store: Store, evaluator: Evaluator) -> int:
        """Evaluate the designs that the store lacks; how many those were."""
        store.select(self.keys)
        missing = {design: key for key, design in self.keys.items() if key not in store}
        self.reporter.start("designs", len(self.keys), len(self.keys) - len(missing))
        for design, evaluation in run_tasks(evaluator, list(missing), self.jobs):
            store.add(missing[design], evaluation)
            value, energy = evaluation.accuracy["value"], evaluation.cost["energy_pj"]
            self.reporter.advance(f"{short_spec(design)}  {value:.2%}  {energy:.3g} pJ")
        return len(missing)

    def prove(self, store: Store, generator: Generator) -> list[str]:
        """Generate the Verilog that the front lacks; what failed."""
        rtl = writable_folder(self.folder / RTL_FOLDER)
        front = [Design.parse(spec) for spec in pareto(self.frame(store))["spec"]]
        key_of = {design: key for key, design in self.keys.items()}
        proven = {row.key for row in store.rows() if row.certificate is not None}
        missing = [
            design
            for design in front
            if key_of[design] not in proven or not (rtl / design.slug).is_dir()
        ]
        self.reporter.start("verified Verilog", len(front), len(front) - len(missing))
        task = Verification(generator=generator, rtl=rtl)
        failures = []
        for design, outcome in run_tasks(task, missing, self.jobs):
            if outcome.certificate is None:
                failures.append(f"{design}: {outcome.failure}")
            else:
                store.certify(key_of[design], outcome.certificate)
            self.reporter.advance(short_spec(design) + (" FAILED" if outcome.failure else ""))
        return sorted(failures)

    def frame(self, store: Store) -> pd.DataFrame:
        """The store's frame with the front, and the folders of the Verilog."""
        frame = store.frame()
        frame["front"] = pareto_mask(frame)
        folders = [f"{RTL_FOLDER}/{Design.parse(spec).slug}" for spec in frame["spec"]]
        frame["verilog"] = [
            folder if proven and (self.folder / folder).is_dir() else ""
            for folder, proven in zip(folders, frame["verified"], strict=True)
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
