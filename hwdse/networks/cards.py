"""What users are told of a network that can be had by name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwdse.errors import HwdseError, NetworkError
from hwdse.reading import MAX_TOML, parse_toml, read_text
from hwdse.resources import resource


@dataclass(frozen=True, kw_only=True)
class Card:
    """Facts about a network.

    Attributes:
        name: its name on the command line.
        title: what it is.
        parameters: number of weights.
        data: what it is scored on by default.
        metric: name of its metric, of `hwdse.networks.metrics`.
        value: value of the metric in float32, as a fraction where the metric is one.
        low: lower end of the 95 % interval of the value.
        high: upper end of the interval.
        samples: number of samples that the value was measured on.
        licence: licences of the weights and of the data.
        seconds: CPU time in seconds, of all cores together, of `hwdse accuracy
            a=int8,acc=int:32` with the default number of samples. None: not measured.
    """

    name: str
    title: str
    parameters: int
    data: str
    metric: str
    value: float
    low: float
    high: float
    samples: int
    licence: str
    seconds: float | None = None

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high or min(self.parameters, self.samples) < 1:
            raise NetworkError(f"card of network {self.name}: its numbers make no sense")

    def to_json(self) -> dict[str, Any]:
        """All attributes."""
        return dict(vars(self))


def shipped() -> list[Card]:
    """Cards of the networks in models/, each in a file NAME.toml beside NAME.onnx, by name.

    Raises:
        NetworkError: a card is malformed.
    """
    paths = resource("models").glob("*.toml")
    return [_read(path) for path in sorted(paths, key=lambda path: path.stem)]


def _read(path: Path) -> Card:
    text = read_text(path, "card", NetworkError, most=MAX_TOML)
    try:
        return Card(name=path.stem, **parse_toml(text))
    except (ValueError, TypeError, HwdseError) as error:
        raise NetworkError(f"card {path} is malformed: {error}") from error
