"""A design space: a TOML file that lists designs and combinations of design options.

```toml
network = "digits-cnn"       # network for measuring accuracy, by name or as an ONNX file
data = "my.npz"              # data for it, if its file names none; as --data takes them
metric = "top5"              # default: what the network's file says, or top1
shapes = ["seq=128"]         # and output, calibration, tokenizer, image: as the options
samples = 360                # number of test samples; default: the number in the network
scales = "output"            # scale policy (docs/networks.md), such as pow2 or percentile:99.9
methods = "gptq"             # quantisation methods (docs/methods.md); default: none
best_of_methods = ["", "gptq"]   # in place of methods: the best for each design
requantize = false           # true: layers hand on outputs in the design's output format
technology = "nangate45"
fabric = "ecp5"              # LUTs, flip-flops and clock frequency on an FPGA, too
machine = "edge"             # latency and energy per sample on a machine, too
clock_ns = 2.0               # each design gets the registers that this clock period needs
budget = "10%"               # measure only so many designs, chosen by a search; default: all
rungs = [64]                 # first on so many samples, or "layers" (docs/search.md)
sampler = "ehvi"             # what chooses them: ehvi (default), optuna or optuna:nsga2
measures = ["toggles"]       # measures of other packages (hwdse.explore.measures)
objectives = ["energy_pj", "sqnr_db"]      # default; any two or more quantities of results
where = ["area_um2 <= 5000"] # limits that a design on the front keeps
designs = ["a=e4m3fn,acc=fp:fp32,unit=dot,lanes=4"]   # single designs
assignments = ["mixed.toml"] # files that give each layer a design (hwdse.networks.assignment)

[[space]]                    # all combinations of the values below
a = ["int8", "e4m3fn"]
mul = ["exact", "lmul"]      # one value or a list; any key of a design spec
acc = ["kulisch", "fp:fp32"]
skip_invalid = true          # leave out invalid combinations (lmul of integers)
```

`network`, `methods`, `technology`, `machine` and `clock_ns` may be lists, such as
`clock_ns = [1, 2]` or `methods = ["", "gptq"]`. All designs are then measured in each combination
of them, and compared within it.
"""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from hwdse.cost import DEFAULT_TECHNOLOGY
from hwdse.errors import HwdseError, NetworkError, SearchError, SpaceError, SpecError
from hwdse.explore.aims import DEFAULT_AIMS, Aims
from hwdse.explore.budget import SAMPLERS, check_sampler, measurements
from hwdse.explore.candidates import Compared
from hwdse.explore.measures import measure_named
from hwdse.explore.rungs import SITE_RUNGS
from hwdse.explore.space_table import SpaceTable
from hwdse.explore.space_text import SpaceText, toml
from hwdse.explore.tried_methods import method_name
from hwdse.networks.assignment import SUFFIX, Assignment
from hwdse.networks.methods import parse as parse_methods
from hwdse.networks.methods import written
from hwdse.networks.scales import DEFAULT as DEFAULT_SCALES
from hwdse.networks.scales import get as get_policy
from hwdse.networks.source import NO_SETTINGS, NetworkSettings
from hwdse.reading import MAX_TOML, read_text
from hwdse.spec import Design

DEFAULT_NETWORK = "digits-cnn"

_BUILTIN = Path(__file__).with_name("builtin.toml")
AXES = ("network", "methods", "technology", "machine", "clock_ns")
"""Settings that may have several values."""

_OF_NETWORK = tuple(one.name for one in fields(NetworkSettings))
_SCALARS = (
    *("network", "samples", "scales", "methods", "requantize", "technology", "fabric", "machine"),
    *("clock_ns", "budget", "rungs", "sampler"),
)
_SETTINGS = (
    *(*_SCALARS, *_OF_NETWORK, "best_of_methods", "measures", "objectives", "where"),
    *("skip_invalid", "designs", "assignments", "space"),
)

# Nobody sweeps more combinations than this. A larger number is probably a mistake in the file.
_MAX_COMBINATIONS = 100_000


@dataclass(frozen=True, kw_only=True)
class Space:
    """Designs to compare, and the network, samples and technology for comparing them.

    Attributes:
        name: path of the space file, or `built-in space`.
        designs: the designs in the order of the file, without duplicates.
        assignments: assignments of designs to layers, which are compared with the designs.
        network: name of a network, or path of an ONNX file.
        settings: data, metric and what else belongs to the network.
        samples: number of test samples. None: the number in the network's metadata, or all.
        scales: policy for choosing the scales of activations and weights.
        methods: quantisation methods, as text; empty: rounding to nearest.
        best_of_methods: in place of `methods`, methods of which each design takes those with the
            least error on calibration samples.
        requantize: whether layers hand on their outputs in the design's output format.
        technology: name of a technology table, or path of a table.
        fabric: name of a fabric table, or path of a table, for costs on an FPGA; empty: none.
        machine: name of a machine, or path of a machine file, for latency and energy of the
            network; empty: none.
        clock_ns: clock period that all designs shall meet. The sweep then chooses `stages` and
            `interleave`. None: the designs keep their own.
        budget: how many designs to measure, such as `10%` or `200`; a search chooses them. Empty:
            all of them.
        rungs: what a search measures first: numbers of samples, or names of measurements without
            samples (`hwdse.explore.site_rungs`). None: a seventh of the samples, 64 at most;
            empty: all samples at once.
        sampler: what chooses them, one of `hwdse.explore.budget.SAMPLERS`.
        measures: names of measures that plug in, see `hwdse.explore.measures`.
        aims: objectives and limits of the front.
        skipped: number of combinations left out because they are not valid designs.
        axes: values of the settings in `AXES` where there are several. The attribute itself then
            has the first.
    """

    name: str
    designs: tuple[Design, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    network: str = DEFAULT_NETWORK
    settings: NetworkSettings = NO_SETTINGS
    samples: int | None = None
    scales: str = DEFAULT_SCALES
    methods: str = ""
    best_of_methods: tuple[str, ...] = ()
    requantize: bool = False
    technology: str = DEFAULT_TECHNOLOGY
    fabric: str = ""
    machine: str = ""
    clock_ns: float | None = None
    budget: str = ""
    rungs: tuple[int | str, ...] | None = None
    sampler: str = SAMPLERS[0]
    measures: tuple[str, ...] = ()
    aims: Aims = DEFAULT_AIMS
    skipped: int = 0
    axes: Mapping[str, tuple[str | float, ...]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for key, values in self.axes.items():
            if key not in AXES:
                allowed = ", ".join(AXES)
                raise SpaceError(f"{self.name}: {key} has several values: allowed are {allowed}")
            if not values or len(set(values)) < len(values):
                raise SpaceError(f"{self.name}: {key} = {list(values)}: needs different values")
        if not self.candidates:
            raise SpaceError(
                f"{self.name}: no designs; give `designs`, `assignments` or a [[space]] table"
            )
        if self.budget and not self.designs:
            raise SpaceError(f"{self.name}: budget = {self.budget!r}: a search needs `designs`")
        self._check_assignments()
        if self.samples is not None and self.samples < 1:
            raise SpaceError(f"{self.name}: samples = {self.samples} must be at least 1")
        usable = self.budget and self.sampler == SAMPLERS[0]
        few = [rung for rung in self.rungs or () if isinstance(rung, int) and rung < 1]
        if self.rungs and (few or not usable):
            raise SpaceError(
                f"{self.name}: rungs = {list(self.rungs)}: numbers of samples of a search by "
                f"{SAMPLERS[0]}, which needs a budget"
            )
        try:
            check_sampler(self.sampler, self.budget)
            if self.budget:
                measurements(self.budget, len(self.designs))
        except SearchError as error:
            raise SpaceError(f"{self.name}: {error}") from error
        self._check_settings()

    def _check_settings(self) -> None:
        for clock in self.axes.get("clock_ns", (self.clock_ns,)):
            if clock is not None and not 0 < float(clock) < math.inf:
                raise SpaceError(f"{self.name}: clock_ns = {clock} must be above 0 and finite")
        several = self.best_of_methods
        try:
            for methods in (*self.axes.get("methods", (self.methods,)), *several):
                parse_methods(str(methods))
        except SpecError as error:
            raise SpaceError(f"{self.name}: {error}") from error
        if several and len({written(parse_methods(each)) for each in several}) < max(
            2, len(several)
        ):
            raise SpaceError(
                f"{self.name}: best_of_methods = {list(several)}: needs at least two different ones"
            )
        if several and (self.methods or "methods" in self.axes):
            raise SpaceError(f"{self.name}: give methods or best_of_methods, not both")
        try:
            get_policy(self.scales)
        except NetworkError as error:
            raise SpaceError(f"{self.name}: {error}") from error

    def _check_assignments(self) -> None:
        names = [one.name for one in self.assignments]
        for name in names:
            if names.count(name) > 1:
                raise SpaceError(
                    f"{self.name}: several assignments are called {name}: results tell them apart "
                    "by the names of their files"
                )
        if names and self.requantize:
            raise SpaceError(
                f"{self.name}: requantize takes one design for all layers, and {names[0]} has one "
                "for each"
            )

    @property
    def candidates(self) -> tuple[Compared, ...]:
        """All that is compared: the designs, then the assignments."""
        return (*self.designs, *self.assignments)

    @property
    def combinations(self) -> tuple[tuple[str, Self], ...]:
        """The space in each combination of the axes, with its name; empty without axes."""
        found = []
        for values in itertools.product(*self.axes.values()):
            chosen = dict(zip(self.axes, values, strict=True))
            name = ", ".join(_shown(key, value) for key, value in chosen.items())
            settings: dict[str, Any] = dict(chosen)
            found.append((name, replace(self, axes={}, **settings)))
        return tuple(found)

    def fixed(self, **settings: Any) -> Self:
        """The space with other settings, each with this one value."""
        axes = {key: values for key, values in self.axes.items() if key not in settings}
        return replace(self, axes=axes, **settings)

    def to_toml(self) -> str:
        """The space as the text of a space file, with every design on its own.

        `Space.parse` makes an equal space of it, but for `name` and `skipped`.
        """
        settings: dict[str, Any] = {key: getattr(self, key) for key in _SCALARS}
        settings |= {key: list(values) for key, values in self.axes.items()}
        given = self.settings.given.items()
        settings |= {key: list(one) if isinstance(one, tuple) else one for key, one in given}
        settings |= {
            **({"best_of_methods": list(best)} if (best := self.best_of_methods) else {}),
            "measures": list(self.measures),
            "objectives": list(self.aims.objectives),
            "where": [str(limit) for limit in self.aims.where],
            "designs": [str(design) for design in self.designs],
        }
        if self.assignments:
            settings["assignments"] = [str(one) for one in self.assignments]
        if self.rungs is not None:
            settings["rungs"] = list(self.rungs)
        return toml({key: v for key, v in settings.items() if v not in (None, "")})

    @classmethod
    def builtin(cls) -> Self:
        """The built-in space, which `hwdse explore` sweeps if no space is given."""
        return cls.parse(_BUILTIN.read_text(encoding="utf-8"), "built-in space")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a space from a TOML file.

        Raises:
            SpaceError: the file cannot be read, is not TOML, or has an unknown key, a value of the
                wrong type or an invalid design. The message names file and line.
        """
        return cls.parse(read_text(path, "space file", SpaceError, most=MAX_TOML), str(path))

    @classmethod
    def parse(cls, text: str, name: str) -> Self:
        """Make a space of the text of a space file.

        Args:
            text: the text.
            name: what errors call the file.

        Raises:
            SpaceError: as of `load`.
        """
        source = SpaceText(text=text, name=name)
        document = source.document()
        for key in document:
            if key not in _SETTINGS:
                raise source.error(
                    f"unknown key {key!r}: allowed are {', '.join(_SETTINGS)}", source.key(key)
                )
        designs: dict[Design, None] = {}
        for spec in source.strings(document, "designs"):
            try:
                designs[Design.parse(spec)] = None
            except HwdseError as error:
                raise source.error(str(error), source.value(spec)) from error
        skip = source.typed(document, "skip_invalid", bool, False)
        skipped = 0
        tables = source.typed(document, "space", list, [])
        if not all(isinstance(table, dict) for table in tables):
            raise source.error("space must be [[space]] tables", source.key("space"))
        combinations = 0
        for index, content in enumerate(tables):
            table = SpaceTable(source=source, index=index, content=content)
            combinations += table.combinations
            if combinations > _MAX_COMBINATIONS:
                raise table.error(
                    f"[[space]] number {index + 1} makes {combinations} combinations: "
                    f"at most {_MAX_COMBINATIONS} are allowed in all"
                )
            found, left_out = table.designs(skip)
            designs |= dict.fromkeys(found)
            skipped += left_out
        settings: dict[str, Any] = {
            "samples": source.typed(document, "samples", int, None),
            "scales": source.typed(document, "scales", str, DEFAULT_SCALES),
            "requantize": source.typed(document, "requantize", bool, False),
            "fabric": source.typed(document, "fabric", str, ""),
            "budget": source.typed(document, "budget", str, ""),
            "rungs": _rungs(source, document),
            "sampler": source.typed(document, "sampler", str, SAMPLERS[0]),
            "settings": _of_network(source, document),
            "best_of_methods": tuple(source.strings(document, "best_of_methods")),
            "measures": _measures(source, document),
            "aims": _aims(source, document),
        }
        axes = {key: source.axis(document, key) for key in AXES if key in document}
        settings |= {key: values[0] for key, values in axes.items()}
        settings["axes"] = {key: values for key, values in axes.items() if len(values) > 1}
        return cls(
            name=name,
            designs=tuple(designs),
            assignments=_assignments(source, document),
            skipped=skipped,
            **settings,
        )


def _shown(key: str, value: str | float) -> str:
    if key == "methods":
        return method_name(str(value))
    return f"{value:g} ns" if key == "clock_ns" else str(value)


def _of_network(source: "SpaceText", document: Mapping[str, Any]) -> NetworkSettings:
    """What a document says of the network besides its name."""
    found: dict[str, Any] = {}
    for key in _OF_NETWORK:
        if key not in document:
            continue
        value = document[key]
        if key in {"shapes", "image"}:
            value = tuple(source.strings(document, key))
        elif key == "calibration" and type(value) is int:
            value = str(value)
        else:
            value = source.typed(document, key, str, None)
        try:
            NetworkSettings(**{key: value})
        except HwdseError as error:
            raise source.error(str(error), source.key(key)) from error
        found[key] = value
    return NetworkSettings(**found)


def _assignments(source: "SpaceText", document: Mapping[str, Any]) -> tuple[Assignment, ...]:
    """Assignments of a document: files, or texts as `Space.to_toml` writes them."""
    found: dict[Assignment, None] = {}
    for given in source.strings(document, "assignments"):
        try:
            if Assignment.is_line(given):
                found[Assignment.parse_line(given)] = None
            elif given.endswith(SUFFIX):
                found[Assignment.named(Path(given))] = None
            else:
                raise SpaceError(f"assignments holds {given!r}: must be a file *{SUFFIX}")
        except HwdseError as error:
            raise source.error(str(error), source.key("assignments")) from error
    return tuple(found)


def _rungs(source: "SpaceText", document: Mapping[str, Any]) -> tuple[int | str, ...] | None:
    """Rungs of a search: numbers of samples, and names."""
    if "rungs" not in document:
        return None
    values = source.typed(document, "rungs", list, [])
    for value in values:
        if type(value) is not int and value not in SITE_RUNGS:
            raise source.error(
                f"rungs holds {value!r}: must be a number of samples, or {' or '.join(SITE_RUNGS)}",
                source.key("rungs"),
            )
    return tuple(values)


def _measures(source: "SpaceText", document: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the measures of a document, all of them known."""
    names = source.strings(document, "measures")
    for name in names:
        try:
            measure_named(name)
        except HwdseError as error:
            raise source.error(str(error), source.key("measures")) from error
    return tuple(dict.fromkeys(names))


def _aims(source: "SpaceText", document: Mapping[str, Any]) -> Aims:
    """Objectives and limits of a document, checked against its other keys."""
    key = "objectives"
    try:
        objectives = Aims.of(*source.strings(document, "objectives")).objectives
        key = "where"
        found = Aims.of(*objectives, where=source.strings(document, "where"))
    except HwdseError as error:
        raise source.error(str(error), source.key(key)) from error
    for needed, quantity in found.needs().items():
        if needed not in document:
            raise source.error(f"the key {needed} is missing, which {quantity} needs", None)
    return found
