"""Gives every design of a space the registers that the clock of the space needs."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace

import hwdse
from hwdse import cost
from hwdse.cost.cache import Kept
from hwdse.explore.progress import Reporter
from hwdse.explore.record import short_spec
from hwdse.explore.space import Space
from hwdse.runners import Runner
from hwdse.spec import Design
from hwdse.workers import Failure


@dataclass(frozen=True, kw_only=True)
class Clocking:
    """Finds the registers of a design. Results are kept in the user's cache.

    Attributes:
        clock_ns: clock period.
        technology: name of a technology table, or path of a table.
        digest: SHA-256 of the technology table.
    """

    clock_ns: float
    technology: str
    digest: str

    def __call__(self, design: Design) -> Design:
        """Return the cheapest configuration that meets the clock, or else the fastest one."""
        plain = replace(design, unit=design.unit.plain())
        parts = [str(plain), plain.fingerprint, repr(self.clock_ns), self.digest, hwdse.__version__]
        kept = Kept("clock", parts)
        spec = kept.read()
        if isinstance(spec, str):
            return Design.parse(spec)
        found = cost.at_clock(plain, self.clock_ns, self.technology).design
        kept.write(str(found))
        return found


def clocked(space: Space, runner: Runner, reporter: Reporter) -> Space:
    """Replace `stages` and `interleave` of each design by those that the clock needs.

    A design for which the search fails stays as it is: its evaluation then fails for the same
    reason, and is reported.

    Args:
        space: the space.
        runner: does the work.
        reporter: receives the progress.

    Raises:
        TechnologyError: the technology is unknown, or its table is damaged.
    """
    if space.clock_ns is None:
        return space
    digest = cost.load_technology(space.technology).digest
    task = Clocking(clock_ns=space.clock_ns, technology=space.technology, digest=digest)
    found: dict[Design, Design] = {}
    assigned = (design for one in space.assignments for design in one.designs)
    every = tuple(dict.fromkeys((*space.designs, *assigned)))
    reporter.start("registers for the clock", len(every))
    with closing(runner(task, every)) as outcomes:
        for design, outcome in outcomes:
            found[design] = design if isinstance(outcome, Failure) else outcome
            reporter.advance(short_spec(found[design]))
    return replace(
        space,
        designs=_distinct(space, found),
        assignments=tuple(one.changed(found.__getitem__) for one in space.assignments),
    )


def _distinct(space: Space, found: Mapping[Design, Design]) -> tuple[Design, ...]:
    """The designs in the order of the space. Several may have become the same."""
    return tuple(dict.fromkeys(found[design] for design in space.designs))
