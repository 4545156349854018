"""What a network's file says of how to score it: data beside it, and a metric.

The metadata of the file may have these keys. Names are those of files in the folder of the
network's file:

* `hwdse.data`: data as `--data` takes them, an .npz file, a folder of images or a text.
* `hwdse.calibration_data`: data of the same kind that choose scales. Without it, some of the data
  do.
* `hwdse.tokenizer`: tokenizer of texts.
* `hwdse.metric`: name of a metric.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hwdse.errors import NetworkError, quoted


@dataclass(frozen=True, kw_only=True)
class Companions:
    """What comes with a network. None: nothing of the kind.

    Attributes:
        data: data for scoring.
        calibration: data for choosing scales.
        tokenizer: tokenizer of texts.
        metric: name of the metric.
    """

    data: Path | None = None
    calibration: Path | None = None
    tokenizer: Path | None = None
    metric: str | None = None


def read_companions(path: Path, metadata: Mapping[str, str]) -> Companions:
    """What the metadata of a network's file name.

    Raises:
        NetworkError: a name is not that of a file in the network's folder.
    """
    return Companions(
        data=_beside(path, metadata, "hwdse.data"),
        calibration=_beside(path, metadata, "hwdse.calibration_data"),
        tokenizer=_beside(path, metadata, "hwdse.tokenizer"),
        metric=metadata.get("hwdse.metric"),
    )


def _beside(path: Path, metadata: Mapping[str, str], key: str) -> Path | None:
    name = metadata.get(key)
    if name is None:
        return None
    try:
        plain = name not in {"", ".", ".."} and Path(name).name == name
        found = path.parent / name
        if plain and found.exists():
            return found
    except (OSError, ValueError):  # names that no file can have
        pass
    raise NetworkError(
        f"network {path}: metadata {key}={quoted(name)} must name a file or folder beside it"
    )
