"""`hwdse explore` with stand-ins, to be interrupted: FOLDER LOG SECONDS GENERATOR_SECONDS JOBS
[OPTION...]."""

import sys
from functools import partial
from pathlib import Path

from explore_fakes import FakeEvaluator, FakeGenerator, space

from hwdse.cli import explore, main
from hwdse.explore.space import Space

if __name__ == "__main__":
    folder, log, seconds, generator_seconds, jobs, *more = sys.argv[1:]
    explore.run_sweep = partial(
        explore.run_sweep,
        evaluator=FakeEvaluator(log=Path(log), seconds=float(seconds)),
        generator=FakeGenerator(log=Path(f"{log}.rtl"), seconds=float(generator_seconds)),
    )
    Space.builtin = staticmethod(space)
    options = ["--jobs", jobs] if jobs != "0" else []
    sys.exit(main(["explore", "-o", folder, *options, *more]))
