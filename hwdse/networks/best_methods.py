"""Which quantisation methods suit a design best, chosen on calibration samples.

Samples that are scored must not decide, or the score would be too good. The calibration samples
have chosen scales and served the methods already, so this choice takes nothing more from the score.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from hwdse.errors import SpecError
from hwdse.networks.assignment import Assignment
from hwdse.networks.evaluate import evaluate
from hwdse.networks.layer_scores import CalibrationSamples
from hwdse.networks.protocols import Computation, Data
from hwdse.networks.scales import DEFAULT as DEFAULT_SCALES
from hwdse.spec import Design

Tried = Mapping[str, float | None]
"""Signal-to-noise ratio in dB of the outputs on calibration samples, within +-300 dB, by methods.

None: the methods cannot serve the design.
"""

_MOST_DB = 300.0
_ANY_OUTPUT = "mse-float"  # takes outputs of any shape, and needs no targets


@lru_cache(maxsize=128)
def try_methods(
    design: Design | Assignment,
    network: Computation,
    data: Data,
    methods: Sequence[str],
    *,
    scales: str = DEFAULT_SCALES,
    requantize: bool = False,
) -> Tried:
    """Measure a design with several methods on calibration samples.

    Args:
        design: the design, or an assignment of designs to layers.
        network: the network.
        data: the data, whose calibration part counts.
        methods: the methods to try, as a tuple of texts like "smoothquant,gptq"; empty: rounding
            to nearest.
        scales: name of the scale policy.
        requantize: as for `evaluate`.

    Raises:
        SpecError: no method can serve the design.
        HwdseError: as of `evaluate`.
    """
    samples = CalibrationSamples(of=data)
    found: dict[str, float | None] = {}
    refused: list[SpecError] = []
    for each in methods:
        try:
            scored = evaluate(
                design,
                network,
                data=samples,
                metric=_ANY_OUTPUT,
                scales=scales,
                compare_scales=False,
                requantize=requantize,
                methods=each,
            )
        except SpecError as error:
            refused.append(error)
            found[each] = None
        else:
            found[each] = min(max(scored.sqnr_db, -_MOST_DB), _MOST_DB)
    if len(refused) == len(methods):
        raise refused[0]
    return found


def best_of(tried: Tried) -> str:
    """The methods with the least error; of equal ones, the first."""
    return max(tried, key=lambda each: -_MOST_DB - 1 if (db := tried[each]) is None else db)
