"""Splits samples into a part for calibration and a part for scoring, which share none.

Which samples serve for calibration is decided by a hash of their contents: the same samples are
chosen on every machine, wherever in the file they are, and copies of a sample are never in both
parts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Protocol

from hwdse.errors import DatasetError
from hwdse.networks.protocols import Sample


class FileSamples(Protocol):
    """All samples of a file, read when they are asked for."""

    @property
    def name(self) -> str:
        """Name for readers."""

    def __len__(self) -> int:
        """Number of samples."""

    def __getitem__(self, index: int) -> Sample:
        """One sample.

        Raises:
            DatasetError: it is damaged.
        """

    def key(self, index: int) -> bytes:
        """Digest of what goes into the network; the target is left out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SplitSamples:
    """Samples in two parts: a `hwdse.networks.protocols.Data`.

    Attributes:
        samples: where the samples for scoring come from.
        chosen: their places, in order.
        known: where the samples for calibration come from.
        calibrating: their places, in order.
    """

    samples: FileSamples
    chosen: Sequence[int]
    known: FileSamples
    calibrating: Sequence[int]

    @property
    def name(self) -> str:
        """Name for readers."""
        return self.samples.name

    @property
    def test_size(self) -> int:
        """Number of samples for scoring."""
        return len(self.chosen)

    def calibration(self) -> Iterator[Sample]:
        """The samples for choosing scales."""
        return (self.known[place] for place in self.calibrating)

    def test(self, limit: int | None = None) -> Iterator[Sample]:
        """The samples for scoring, or the first `limit` of them."""
        return (self.samples[place] for place in islice(self.chosen, limit))


def split(samples: FileSamples, calibration: int | None, usual: int) -> SplitSamples:
    """Take samples for calibration out of a file.

    Args:
        samples: all samples.
        calibration: how many to take. None: `usual`, but at most a quarter.
        usual: usual number of samples for calibration.

    Raises:
        DatasetError: too few samples are left, or none is taken.
    """
    total = len(samples)
    count = min(usual, max(1, total // 4)) if calibration is None else calibration
    if count < 1:
        raise DatasetError(f"calibration={count}: at least 1 sample is needed")
    by_key: dict[bytes, int] = {}
    keys = [samples.key(place) for place in range(total)]
    for place, key in enumerate(keys):
        by_key.setdefault(key, place)
    if count >= len(by_key):
        raise DatasetError(
            f"calibration={count}: data {samples.name} has {len(by_key)} different samples, and "
            "some must be left for scoring"
        )
    taken = set(sorted(by_key)[:count])
    return SplitSamples(
        samples=samples,
        chosen=[place for place, key in enumerate(keys) if key not in taken],
        known=samples,
        calibrating=sorted(by_key[key] for key in taken),
    )


def separate(samples: FileSamples, calibration: FileSamples) -> SplitSamples:
    """Use all of one file for scoring, and all of another for calibration.

    Raises:
        DatasetError: a file has no sample, or the files share one.
    """
    for each in (samples, calibration):
        if not len(each):
            raise DatasetError(f"data {each.name} has no samples")
    seen = {calibration.key(place) for place in range(len(calibration))}
    shared = sum(samples.key(place) in seen for place in range(len(samples)))
    if shared:
        raise DatasetError(
            f"{shared} of {len(samples)} samples of {samples.name} are in {calibration.name}, "
            "which calibrates: the two must share none"
        )
    return SplitSamples(
        samples=samples,
        chosen=range(len(samples)),
        known=calibration,
        calibrating=range(len(calibration)),
    )


def digest(*parts: bytes) -> bytes:
    """Digest of contents, for `FileSamples.key`."""
    found = blake2b(digest_size=16)
    for part in parts:
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.digest()
