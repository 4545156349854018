import html
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from explore_fakes import FakeEvaluator, FakeGenerator, space
from gone import wait_until_gone
from sampled import some

from hwdse.errors import FailedDesignsError, OutputError, StoreError
from hwdse.explore.database import STORE_NAME
from hwdse.explore.front import pareto
from hwdse.explore.run import sweep
from hwdse.explore.space import Space
from hwdse.explore.store import Store
from hwdse.networks.source import NO_SETTINGS
from hwdse.spec import Design

CHILD = Path(__file__).with_name("explore_child.py")
OUTPUTS = ["pareto.png", "pareto.svg", "report.html", "results.csv", "rtl", STORE_NAME]


@pytest.fixture
def evaluator(tmp_path):
    return FakeEvaluator(log=tmp_path / "evaluated")


@pytest.fixture
def generator(tmp_path):
    return FakeGenerator(log=tmp_path / "generated")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Folder of a sweep that nothing disturbed."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    sweep(
        space(),
        folder / "out",
        jobs=1,
        evaluator=FakeEvaluator(log=folder / "evaluated"),
        generator=FakeGenerator(log=folder / "generated"),
    )
    return folder / "out"


def specs(frame):
    return frame["spec"].tolist()


@pytest.mark.parametrize("jobs", some([2, 1], 2))
def test_every_design_is_evaluated_once_and_the_front_is_proven(
    tmp_path, evaluator, generator, jobs
):
    result = sweep(space(), tmp_path / "out", jobs=jobs, evaluator=evaluator, generator=generator)
    assert specs(result.frame) == [str(design) for design in space().designs]
    assert sorted(evaluator.calls()) == sorted(specs(result.frame))
    assert (result.computed, result.reused) == (12, 0)
    assert specs(result.front) == specs(pareto(result.frame))
    assert sorted(generator.calls()) == sorted(specs(result.front))
    assert result.front["verified"].all()
    assert result.frame["verified"].sum() == result.frame["front"].sum() == len(result.front)
    for folder in result.front["verilog"]:
        assert (tmp_path / "out" / folder / "unit.v").is_file()
    assert result.failures.empty
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == OUTPUTS
    assert all(path.exists() for path in result.files.values())
    csv = pd.read_csv(result.files["results"], keep_default_na=False)
    assert specs(csv) == specs(result.frame)
    assert csv["energy_pj"].tolist() == result.frame["energy_pj"].tolist()


@pytest.mark.long
def test_number_of_jobs_changes_nothing(tmp_path, evaluator, generator, uninterrupted):
    sweep(space(), tmp_path / "out", jobs=3, evaluator=evaluator, generator=generator)
    for name in ("results.csv", "pareto.svg", "pareto.png", "report.html"):
        assert (tmp_path / "out" / name).read_bytes() == (uninterrupted / name).read_bytes()


@pytest.mark.usefixtures("no_files")
def test_second_run_computes_nothing(tmp_path, evaluator, generator):
    for run in (1, 2):
        result = sweep(space(), tmp_path / "out", evaluator=evaluator, generator=generator, jobs=1)
        assert len(evaluator.calls()) == 12
        assert len(generator.calls()) == len(result.front)
        assert result.reused == (12 if run == 2 else 0)


@pytest.mark.usefixtures("no_files")
def test_larger_space_in_the_same_folder_computes_what_is_new(tmp_path, evaluator, generator):
    arguments = {"evaluator": evaluator, "generator": generator, "jobs": 1}
    sweep(space(5), tmp_path / "out", **arguments)
    result = sweep(space(8), tmp_path / "out", **arguments)
    assert (result.computed, result.reused, len(evaluator.calls())) == (3, 5, 8)
    assert specs(sweep(space(3), tmp_path / "out", **arguments).frame) == specs(result.frame)[:3]


@pytest.mark.usefixtures("no_files")
def test_verilog_that_was_removed_is_made_again(tmp_path, evaluator, generator):
    result = sweep(space(), tmp_path / "out", evaluator=evaluator, generator=generator, jobs=1)
    folder = tmp_path / "out" / result.front["verilog"].iloc[0]
    shutil.rmtree(folder)
    sweep(space(), tmp_path / "out", evaluator=evaluator, generator=generator, jobs=1)
    assert (folder / "unit.v").is_file()
    assert len(generator.calls()) == len(result.front) + 1


REASONS = {
    "": r"cannot evaluate \w+",
    "tool": "no simulator: pip install one",
    "bug": r"unexpected ZeroDivisionError: .*\(explore_fakes\.py:\d+\)",
    "unspeakable": "unexpected .*UnspeakableError",
    "memory": "not enough memory",
    "recursion": "unexpected RecursionError: maximum recursion depth exceeded",
    "exit": "unexpected SystemExit: 0",
    "not utf-8": r"caf\\xe9 cannot be read",
    "nothing": "unusable result",
    "unpicklable": "unusable result|its result cannot be sent",
    "kill": "its process was ended by SIGKILL, for want of memory perhaps",
    "abort": "its process ended with status 3",
}
# What takes its process down, which is this one when there is one job.
DEADLY = ("kill", "abort")


def failing(folder, evaluator, generator, jobs, failed):
    """Sweep, check that everything is there but for what failed, and that it is told."""
    arguments = {"evaluator": evaluator, "generator": generator, "jobs": jobs}
    with pytest.raises(FailedDesignsError, match=rf"^{failed} of 16 designs failed") as raised:
        sweep(space(16), folder, **arguments)
    assert raised.value.exit_code == 1
    result = raised.value.result
    assert result.failed == len(result.failures) == failed
    assert sorted(path.name for path in folder.iterdir()) == OUTPUTS
    csv = pd.read_csv(folder / "results.csv", keep_default_na=False)
    assert csv["failure"].tolist() == result.frame["failure"].tolist()
    page = (folder / "report.html").read_text()
    for design, reason in result.failures[["design", "failure"]].to_numpy().tolist():
        assert reason.isprintable()
        assert html.escape(reason) in page
        assert design in page
    return result


@pytest.mark.parametrize("jobs", some([1, 2], 2))
def test_a_design_that_fails_keeps_no_other(tmp_path, generator, jobs):
    ways = [how for how in REASONS if jobs != 1 or how not in DEADLY]
    faults = dict(zip(map(str, space(16).designs[2:]), ways, strict=False))
    assert len(faults) == len(ways)
    evaluator = FakeEvaluator(log=tmp_path / "evaluated", faults=faults)
    result = failing(tmp_path / "out", evaluator, generator, jobs, failed=len(ways))
    frame = result.frame
    bad = frame["spec"].isin(faults)
    assert frame["failure"].ne("").tolist() == bad.tolist()
    for spec, reason in result.failures[["spec", "failure"]].to_numpy().tolist():
        assert re.match(f"evaluation failed: ({REASONS[faults[spec]]})", reason)
    assert frame[~bad]["energy_pj"].notna().all()
    assert frame[bad][["energy_pj", "accuracy", "samples"]].isna().all(axis=None)
    assert not frame[bad]["front"].any()
    assert result.front["verified"].all()
    assert (result.computed, result.reused) == (16 - len(ways), 0)
    # Only what failed is tried again, and then the results are those of a sweep without failures.
    good = FakeEvaluator(log=tmp_path / "again")
    again = sweep(space(16), tmp_path / "out", jobs=1, evaluator=good, generator=generator)
    assert sorted(good.calls()) == sorted(faults)
    assert again.failures.empty
    assert (again.computed, again.reused) == (len(ways), 16 - len(ways))
    other = sweep(space(16), tmp_path / "other", jobs=1, evaluator=good, generator=generator)
    # What was on the front of the first sweep keeps its proof.
    proven = ["verified", "verilog"]
    assert again.frame.drop(columns=proven).equals(other.frame.drop(columns=proven))


@pytest.mark.usefixtures("no_files")
def test_a_folder_of_someone_else_is_one_failure(tmp_path, evaluator, generator):
    done = sweep(space(), tmp_path / "a", jobs=1, evaluator=evaluator, generator=generator)
    taken, *others = (Path(folder) for folder in done.front["verilog"])
    notes = tmp_path / "b" / taken / "notes.txt"
    notes.parent.mkdir(parents=True)
    notes.touch()
    with pytest.raises(FailedDesignsError, match=r"not written by hwdse: give another -o"):
        sweep(space(), tmp_path / "b", jobs=1, evaluator=evaluator, generator=generator)
    assert notes.exists()
    assert all((tmp_path / "b" / folder / "certificate.json").exists() for folder in others)


@pytest.mark.parametrize(
    ("how", "jobs"),
    some([("proof", 1), ("bug", 1), ("unpicklable", 2), ("kill", 2), ("proof", 2)], 3),
)
def test_a_proof_that_fails_keeps_nothing_else(tmp_path, evaluator, how, jobs):
    broken = FakeGenerator(log=tmp_path / "generated", broken="int8", how=how)
    result = failing(tmp_path / "out", evaluator, broken, jobs, failed=1)
    front = result.front
    assert front["a"].tolist().count("int8") == 1
    assert front["verified"].tolist() == [a != "int8" for a in front["a"]]
    assert front["verilog"].ne("").tolist() == front["verified"].tolist()
    (reason,) = result.failures["failure"]
    said = REASONS.get(how, "a=int8,.*: 1 mismatch input 0: expected 1, got 2")
    assert re.match(f"verification failed: ({said})", reason)
    # The proof is tried again, not remembered.
    good = FakeGenerator(log=tmp_path / "again")
    again = sweep(space(16), tmp_path / "out", jobs=1, evaluator=evaluator, generator=good)
    assert len(good.calls()) == 1
    assert again.front["verified"].all()


@pytest.mark.parametrize("count", [1, 12])
def test_all_designs_may_fail(tmp_path, generator, count):
    class Hopeless(FakeEvaluator):
        def __call__(self, design):
            raise ValueError(f"not {design}")

    evaluator = Hopeless(log=tmp_path / "evaluated")
    for _ in range(2):
        with pytest.raises(FailedDesignsError, match=f"^{count} of {count}") as raised:
            sweep(space(count), tmp_path / "out", jobs=1, evaluator=evaluator, generator=generator)
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == OUTPUTS
        page = (tmp_path / "out" / "report.html").read_text()
        assert page.count("unexpected ValueError: not a=") == count
        assert f"0 of {count} designs, 0 of them on the Pareto front" in page
        assert len(pd.read_csv(tmp_path / "out" / "results.csv")) == count
        lines = str(raised.value).splitlines()
        assert len(lines) == min(count, 10) + 1 + (count > 10)
    assert not generator.calls()


def test_a_sweep_whose_designs_failed_can_be_interrupted_and_resumed(tmp_path, generator):
    broken = FakeEvaluator(log=tmp_path / "evaluated", broken="e5m2", how="bug")
    arguments = {"evaluator": broken, "generator": generator, "jobs": 1}
    with pytest.raises(KeyboardInterrupt):
        sweep(space(16), tmp_path / "out", reporter=Interrupted(6), **arguments)
    with Store.open(tmp_path / "out") as store:
        assert (len(store), len(store.rows())) == (5, 6)
    result = failing(tmp_path / "out", broken, generator, 1, failed=4)
    assert result.reused == 5


def test_folder_that_cannot_be_made_is_an_error_before_any_work(tmp_path, evaluator, generator):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "out", "/proc/hwdse-out"):
        with pytest.raises(OutputError, match="cannot be written"):
            sweep(space(), folder, evaluator=evaluator, generator=generator)
    assert not evaluator.calls()


def test_corrupt_store_is_an_error_before_any_work(tmp_path, evaluator, generator):
    (tmp_path / STORE_NAME).write_text("no database" * 1000)
    with pytest.raises(StoreError, match="not a database"):
        sweep(space(), tmp_path, evaluator=evaluator, generator=generator)
    assert not evaluator.calls()
    assert (tmp_path / STORE_NAME).read_text() == "no database" * 1000


@pytest.mark.usefixtures("no_files")
def test_damaged_row_is_an_error_before_any_work(tmp_path, evaluator, generator):
    arguments = {"evaluator": evaluator, "generator": generator, "jobs": 1}
    sweep(space(3), tmp_path / "out", **arguments)
    with Store.open(tmp_path / "out") as store:
        store._tables.connection.exec_driver_sql(
            "UPDATE evaluation SET accuracy = '[]' WHERE rowid = 2"
        )
    with pytest.raises(
        StoreError, match=r"row key of a=int4.* of table evaluation \(a=int4.*run hwdse explore"
    ):
        sweep(space(5), tmp_path / "out", **arguments)
    assert len(evaluator.calls()) == 3
    # As told.
    with Store.open(tmp_path / "out") as store:
        store._tables.connection.exec_driver_sql("DELETE FROM evaluation WHERE rowid = 2")
    assert sweep(space(5), tmp_path / "out", **arguments).computed == 3


class Interrupted:
    """A reporter that is interrupted after some steps, as by Ctrl-C."""

    def __init__(self, steps):
        self.steps = steps

    def start(self, phase, total, done=0):
        pass

    def note(self, text):
        pass

    def advance(self, text, *, failed=False):
        self.steps -= 1
        if self.steps == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("jobs", "steps"),
    [
        *((1, steps) for steps in (1, 7, 12, 13, 14)),
        *(pytest.param(2, steps, marks=pytest.mark.long) for steps in (13, 1, 7, 12, 14)),
    ],
)
def test_interruption_at_any_step(tmp_path, evaluator, generator, uninterrupted, jobs, steps):
    arguments = {"evaluator": evaluator, "generator": generator, "jobs": jobs}
    with pytest.raises(KeyboardInterrupt):
        sweep(space(), tmp_path / "out", reporter=Interrupted(steps), **arguments)
    with Store.open(tmp_path / "out") as store:
        assert len(store) == min(steps, 12)
    result = sweep(space(), tmp_path / "out", **arguments)
    assert result.reused == min(steps, 12)
    for name in ("results.csv", "pareto.svg", "report.html"):
        assert (tmp_path / "out" / name).read_bytes() == (uninterrupted / name).read_bytes()


def start(tmp_path, *, seconds, generator_seconds, jobs):
    path = [str(Path(entry).resolve()) for entry in (*sys.path, ".") if entry]
    return subprocess.Popen(
        [
            sys.executable,
            CHILD,
            tmp_path / "out",
            tmp_path / "evaluated",
            str(seconds),
            str(generator_seconds),
            str(jobs),
        ],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(CHILD.parent), *path])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Shells start what runs in the background with interrupts ignored, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


def wait_for_lines(process, log, lines):
    deadline = time.monotonic() + 60
    while not log.exists() or len(log.read_text().splitlines()) < lines:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def workers(*logs):
    lines = [line for log in logs if log.exists() for line in log.read_text().splitlines()]
    return {int(line.split()[0]) for line in lines}


@pytest.mark.long
@pytest.mark.parametrize(
    ("log", "lines", "jobs"),
    some([("evaluated.rtl", 1, 2), ("evaluated", 5, 2), ("evaluated", 1, 1)], 3),
)
def test_kill_9_and_again_gives_the_rows_of_an_uninterrupted_run(
    tmp_path, uninterrupted, log, lines, jobs
):
    process = start(tmp_path, seconds=0.05, generator_seconds=0.3, jobs=jobs)
    wait_for_lines(process, tmp_path / log, lines)
    process.kill()
    # Ends when the workers do: they hold the other end of its pipes.
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    wait_until_gone(workers(tmp_path / "evaluated", tmp_path / "evaluated.rtl"))
    assert not (tmp_path / "out" / "results.csv").exists()
    evaluator = FakeEvaluator(log=tmp_path / "evaluated")
    before = len(evaluator.calls())
    with Store.open(tmp_path / "out") as store:
        finished = len(store)
    result = sweep(
        space(),
        tmp_path / "out",
        jobs=1,
        evaluator=evaluator,
        generator=FakeGenerator(log=tmp_path / "generated"),
    )
    assert finished <= before <= 12
    # At most what the workers had in hand is done again.
    assert before - finished <= 2 * jobs
    assert len(evaluator.calls()) == before + 12 - finished
    assert result.reused == finished
    for name in ("results.csv", "pareto.svg", "report.html"):
        assert (tmp_path / "out" / name).read_bytes() == (uninterrupted / name).read_bytes()


@pytest.mark.parametrize("jobs", some([2, 1], 2))
def test_ctrl_c_at_the_terminal(tmp_path, jobs):
    # A busy machine takes seconds to notice the signal, and must not finish the sweep before.
    process = start(tmp_path, seconds=2, generator_seconds=0.1, jobs=jobs)
    wait_for_lines(process, tmp_path / "evaluated", 3)
    # A terminal sends it to the whole foreground process group.
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert err.splitlines()[-1].startswith("hwdse: interrupted: finished designs are kept")
    assert "Traceback" not in err
    wait_until_gone(workers(tmp_path / "evaluated"))
    with Store.open(tmp_path / "out") as store:
        assert 2 <= len(store) < 12


@pytest.mark.usefixtures("no_files")
def test_settings_of_the_space_can_be_replaced(tmp_path, monkeypatch):
    seen = {}

    def prepare(network, samples, technology, data_dir, **more):
        seen.update(network=network, samples=samples, technology=technology, data_dir=data_dir)
        seen.update(more)
        return FakeEvaluator(log=tmp_path / "evaluated")

    monkeypatch.setattr("hwdse.explore.run.DesignEvaluator.prepare", prepare)
    given = Space(
        name="given",
        designs=(Design.parse("a=int8,acc=kulisch"),),
        network="digits",
        samples=5,
        technology="t",
        fabric="ecp5",
        machine="edge",
    )
    generator = FakeGenerator(log=tmp_path / "generated")
    sweep(given, tmp_path / "out", generator=generator)
    kept = {"technology": "t", "fabric": "ecp5", "machine": "edge", "methods": ""}
    kept |= {"best_of": (), "settings": NO_SETTINGS}
    how = {"scales": "output", "requantize": False, "clock_ns": None}
    assert seen == {"network": "digits", "samples": 5, "data_dir": None} | kept | how
    how = {"scales": "pow2", "requantize": True, "clock_ns": None}
    sweep(
        *(given, tmp_path / "out"),
        **{"network": "n", "samples": 7, "data_dir": "d", "generator": generator} | how,
    )
    assert seen == {"network": "n", "samples": 7, "data_dir": Path("d")} | kept | how
