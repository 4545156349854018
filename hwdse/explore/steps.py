"""The steps of a sweep, and what each keeps in the store."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from hwdse.errors import HwdseError, OutputError, SearchError
from hwdse.explore.aims import Aims
from hwdse.explore.asked import Asked
from hwdse.explore.candidates import Compared, candidate_of
from hwdse.explore.combinations import file_name, parts
from hwdse.explore.front import pareto
from hwdse.explore.measures import Measure, checked
from hwdse.explore.paired import Paired
from hwdse.explore.progress import Reporter
from hwdse.explore.record import (
    Evaluation,
    Evaluator,
    Reusing,
    Row,
    describe,
    facts_of,
    four_digits,
)
from hwdse.explore.rungs import Laddered, LowerRung
from hwdse.explore.standing import with_standing
from hwdse.explore.store import RTL_FOLDER, Store
from hwdse.explore.stored_measurements import stage_of
from hwdse.explore.tables import finished, frame_of
from hwdse.explore.verilog import Generator, Verification, Verified, folders_of, holds, proofs_of
from hwdse.runners import Runner
from hwdse.spec import Design
from hwdse.workers import Failure
from hwdse.writing import writable_folder, write_file

if TYPE_CHECKING:
    from hwdse.explore.search import Rung

_Compared = TypeVar("_Compared", bound=Compared)


@dataclass(frozen=True, kw_only=True)
class SweepPart:
    """The designs of a sweep in one combination of network, technology, clock and machine.

    Attributes:
        name: name of the combination; empty in a space with only one.
        evaluator: evaluates the designs.
        keys: designs and assignments by key.
    """

    name: str
    evaluator: Evaluator
    keys: dict[str, Compared]

    @property
    def designs(self) -> dict[str, Design]:
        """The designs alone by key: assignments have no keys of a spec to search by."""
        found = {key: candidate_of(one).design for key, one in self.keys.items()}
        return {key: design for key, design in found.items() if design is not None}


def _reuse(part: SweepPart, store: Store) -> None:
    """Evaluate the designs whose accuracy is known from another technology or clock.

    What fails is evaluated again with all others, and then reported.
    """
    evaluator = part.evaluator
    if not isinstance(evaluator, Reusing):
        return
    for key, design in part.keys.items():
        known = None if key in store else store.measured(evaluator.identity(design))
        if known is not None:
            with suppress(HwdseError, ValueError):
                store.add(key, evaluator.with_accuracy(design, known))


def _check_rungs(lower: Sequence[LowerRung], aims: Aims) -> None:
    for rung in lower:
        if rung.objective and rung.objective not in aims.objectives:
            raise SearchError(
                f"rung {rung.name} foretells {rung.objective} alone: objectives are "
                f"{', '.join(aims.objectives)}"
            )


@dataclass(frozen=True, kw_only=True)
class SweepSteps:
    """The steps of a sweep: evaluate or search, prove, and write the results.

    Attributes:
        asked: what the sweep is asked to do.
        folder: folder for the results.
        runner: does the work.
        reporter: receives the progress.
        parts: the designs, by combination.
        measures: measures that plug in.
    """

    asked: Asked
    folder: Path
    runner: Runner
    reporter: Reporter
    parts: tuple[SweepPart, ...]
    measures: tuple[Measure, ...] = ()

    @property
    def keys(self) -> dict[str, Compared]:
        """Designs and assignments of all combinations by key."""
        return {key: design for part in self.parts for key, design in part.keys.items()}

    def evaluate(self, store: Store) -> dict[str, Failure]:
        """Evaluate the designs that the store lacks. Returns the failures by key."""
        names = {key: part.name for part in self.parts for key in part.keys}
        store.select(self.keys, self.asked, names)
        # Report a damaged row before any work.
        store.rows()
        failures: dict[str, Failure] = {}
        for part in self.parts:
            _reuse(part, store)
            missing = {design: key for key, design in part.keys.items() if key not in store}
            phase = f"designs, {part.name}" if part.name else "designs"
            self.reporter.start(phase, len(part.keys), len(part.keys) - len(missing))
            keys = {design: (key,) for design, key in missing.items()}
            failures |= self._outcomes(part.evaluator, keys, store.add, "evaluation", store)
        for measure in self.measures:
            failures |= self._measure(measure, store)
        return failures

    def _measure(self, measure: Measure, store: Store) -> dict[str, Failure]:
        """Measure the evaluated designs that the store lacks. Returns the failures by key.

        Measures of other packages know designs. Assignments have no value.
        """
        kept, missing = store.measurements.identities(measure.name), dict[Design, tuple[str, ...]]()
        every = {key: design for part in self.parts for key, design in part.designs.items()}
        evaluated = {key: design for key, design in every.items() if key in store}
        identities = {d: f"{measure.identity(d)}" for d in dict.fromkeys(evaluated.values())}
        for key, design in evaluated.items():
            identity = identities[design]
            if kept.get(key) == identity:
                continue
            known = store.measurements.values(measure.name, identity)
            if known is None:
                missing[design] = (*missing.get(design, ()), key)
            else:
                store.measurements.keep(key, measure.name, identity, known)

        def keep(key: str, values: Any) -> None:
            found = checked(measure, values)
            store.measurements.keep(key, measure.name, identities[every[key]], found)

        done = len(identities) - len(missing)
        self.reporter.start(f"designs, {measure.name}", len(identities), done)
        return self._outcomes(measure, missing, keep, stage_of(measure.name), store)

    def searched(
        self, store: Store, budget: str, sampler: str, rungs: Sequence[int | str] | None
    ) -> "SweepSteps":
        """Measure only designs that a search asks for. Returns the run with these alone.

        Assignments stay in it.
        """
        # Gaussian processes are slow to load, and most sweeps need none.
        from hwdse.explore.search import Rung  # noqa: PLC0415
        from hwdse.explore.searching import searched  # noqa: PLC0415

        done: tuple[SweepPart, ...] = ()
        for part in self.parts:
            evaluator = part.evaluator
            lower = evaluator.lower_rungs(rungs) if isinstance(evaluator, Laddered) else ()
            _check_rungs(lower, self.asked.aims)
            measure = _Measuring(
                run=self, done=done, part=part, store=store, lower={one.name: one for one in lower}
            )
            keys = searched(
                *(part.designs, evaluator, self.asked.aims, budget, measure),
                sampler=sampler,
                lower=[Rung(name=one.name, share=one.share) for one in lower],
            )
            kept = {k: one for k, one in part.keys.items() if k in keys or k not in part.designs}
            done = (*done, replace(part, keys=kept))
        return replace(self, parts=done)

    def prove(self, store: Store, generator: Generator) -> dict[str, Failure]:
        """Generate and verify Verilog that the front lacks. Returns the failures by key.

        Each design is proven once, however many rows of the front have it: in other combinations,
        or in assignments.
        """
        rtl = writable_folder(self.folder / RTL_FOLDER)
        store.forget_failures("verification")
        rows, keys = store.rows(), self.keys
        front = [rows[n] for n in pareto(finished(frame_of(rows)), self.asked.aims).index]
        candidates = {row.key: candidate_of(keys[row.key]) for row in front}
        needing: dict[Design, list[Row]] = {}
        for row in front:
            for design in candidates[row.key].hardware(row.cost or {}):
                needing.setdefault(design, []).append(row)
        proofs: dict[Design, Mapping[str, Any]] = {}
        for design, found in needing.items():
            known = (proofs_of(row).get(design.slug) for row in found)
            held = [one for one in known if one is not None and holds(rtl / design.slug, one)]
            if held:
                proofs[design] = held[0]
        missing = {
            design: tuple(row.key for row in found)
            for design, found in needing.items()
            if design not in proofs
        }
        self.reporter.start("verified Verilog", len(needing), len(proofs))
        by_key = {row.key: row for row in front}

        def certify(key: str) -> None:
            row = by_key[key]
            certificate = candidates[key].certificate(row.cost or {}, proofs)
            if certificate is not None and certificate != row.certificate:
                store.certify(key, certificate)

        for row in front:
            certify(row.key)

        def keep(key: str, verified: Verified) -> None:
            # One folder holds for all rows that have the design.
            folder = rtl / verified.design.slug
            if not holds(folder, verified.certificate):
                verified.write(folder)
            proofs[verified.design] = verified.certificate
            certify(key)

        task = Verification(generator=generator)
        return self._outcomes(task, missing, keep, "verification", store)

    def _outcomes(
        self,
        task: Callable[[_Compared], Any],
        missing: Mapping[_Compared, tuple[str, ...]],
        keep: Callable[[str, Any], None],
        stage: str,
        store: Store,
    ) -> dict[str, Failure]:
        """Run a task for each design in `missing`, and store the results under its keys.

        Returns:
            The failures by key.
        """
        failures = {}
        # `closing` stops the workers at once if this loop ends early. Without it they would run
        # until the garbage collector removes the generator.
        with closing(self.runner(task, missing)) as outcomes:
            for design, outcome in outcomes:
                for key in missing[design]:
                    failure = _kept(keep, key, outcome)
                    if failure is not None:
                        failures[key] = failure
                        store.fail(key, stage, failure.reason)
                shown = f"{candidate_of(design).short}{_shown(outcome, failure)}"
                self.reporter.advance(shown, failed=failure is not None)
        return failures

    def frame(self, rows: list[Row], paired: Paired) -> pd.DataFrame:
        """A table of the rows, with columns for the front, what is sure of it, and the Verilog."""
        frame = with_standing(frame_of(rows), self.asked.aims, paired)
        rtl = self.folder / RTL_FOLDER
        frame["verilog"] = [
            " ".join(f"{RTL_FOLDER}/{folder.name}" for folder in folders_of(row, rtl))
            for row in rows
        ]
        return frame

    def write(self, store: Store, frame: pd.DataFrame, paired: Paired) -> dict[str, Path | str]:
        """Write table, plots and report. Returns all paths by kind."""
        # Matplotlib takes a second to load, and workers draw nothing.
        from hwdse.explore.plotting import plot  # noqa: PLC0415
        from hwdse.explore.reporting import report  # noqa: PLC0415

        combinations = parts(frame)
        self.reporter.start("results", 2 + len(combinations))
        csv = write_file(self.folder / "results.csv", frame.to_csv(index=False))
        self.reporter.advance(csv.name)
        plots: dict[str, Path] = {}
        for name, places in combinations:
            png, svg = plot(
                frame.iloc[places], self.folder / file_name("pareto", name), self.asked.aims, paired
            )
            self.reporter.advance(f"{png.name} {svg.name}")
            plots |= {f"plot {name}".strip(): png, f"plot_svg {name}".strip(): svg}
        html = report(store, self.folder / "report.html", self.asked.aims)
        self.reporter.advance(html.name)
        return {
            "store": store.path or store.shown,
            "results": csv,
            **plots,
            "report": html,
            "verilog": self.folder / RTL_FOLDER,
        }


@dataclass(frozen=True, kw_only=True)
class _Measuring:
    """Measures the designs of one combination, a few at a time.

    The store always selects all that were measured, so an interrupted search shows them.
    """

    run: SweepSteps
    done: tuple[SweepPart, ...]
    part: SweepPart
    store: Store
    lower: Mapping[str, LowerRung]
    tried: dict[str, Compared] = field(default_factory=dict)

    def __call__(self, designs: Mapping[str, Design], rung: "Rung") -> dict[str, dict[str, Any]]:
        """Measure designs on a rung. Returns the records of the finished ones, by key."""
        if rung.name in self.lower:
            return self._lower(designs, self.lower[rung.name])
        self.tried.update(designs)
        now = replace(self.part, keys=dict(self.tried))
        replace(self.run, parts=(*self.done, now)).evaluate(self.store)
        rows = (row for row in self.store.rows() if row.key in designs)
        return {row.key: describe(row) for row in rows if row.accuracy is not None}

    def _lower(self, designs: Mapping[str, Design], rung: LowerRung) -> dict[str, dict[str, Any]]:
        """Measure designs on a lower rung. The store keeps it, and no table shows it."""
        evaluator, store, reporter = rung.evaluator, self.store, self.run.reporter
        known = {design: store.measured(evaluator.identity(design)) for design in designs.values()}
        missing = {
            design: (evaluator.key(design),) for design, found in known.items() if found is None
        }
        store.introduce({key: design for design, (key,) in missing.items()})
        reporter.start(f"designs, {rung.name}", len(designs), len(designs) - len(missing))
        self.run._outcomes(evaluator, missing, store.add, "evaluation", store)
        known |= {design: store.measured(evaluator.identity(design)) for design in missing}
        return {
            key: describe(
                Row(key=key, facts=facts_of(design), accuracy=now.accuracy, errors=now.errors)
            )
            for key, design in designs.items()
            if (now := known[design]) is not None
        }


def _kept(keep: Callable[[str, Any], None], key: str, outcome: Any) -> Failure | None:
    """Store a result. Returns a failure if the outcome is a failure or cannot be stored."""
    if isinstance(outcome, Failure):
        return outcome
    try:
        keep(key, outcome)
    except OutputError as error:
        return Failure(text=str(error))
    except (AttributeError, TypeError, ValueError) as error:
        return Failure(text=f"unusable result: {error}")
    return None


def _shown(outcome: Any, failure: Failure | None) -> str:
    """Text that a progress line shows after the design."""
    if failure is not None:
        return "  FAILED"
    if isinstance(outcome, Evaluation):
        energy = outcome.cost["energy_pj"]
        value = outcome.accuracy["value"]
        if "difference" not in outcome.accuracy:
            return f"  {value:.2%}  {energy:.3g} pJ"
        return f"  {'-' if value is None else four_digits(value)}  {energy:.3g} pJ"
    return ""
