"""Metrics of networks that read text: error rates of characters and of words.

The output of a sample has the shape (T, C), scores of C classes at each of T places. Class 0 is the
blank of connectionist temporal classification (A. Graves and others, ICML 2006): of the best class
at each place, repeated ones are joined, and blanks left out.

Which character a class is stands in the metadata `character` of the network's file, one a line from
class 1 on, as PaddleOCR's exporter writes it. If there is one class more than that, it is the
space. A target is a text, or the classes of its characters; negative ones do not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import DatasetError, NetworkError
from hwdse.networks.metrics import Outputs, register
from hwdse.networks.network import Network
from hwdse.networks.protocols import Computation
from hwdse.networks.statistics import Parts

ALPHABET = "character"
"""Key of the metadata with the characters."""
BLANK = 0


@dataclass(frozen=True, kw_only=True)
class ErrorRate:
    """Edits from the text that is read to the right one, divided by the length of the right one.

    Edits insert, delete or replace a character or a word. Words lie between spaces.

    Attributes:
        of_words: whether words are counted, not characters.
        alphabet: character of each class from class 1 on; empty: unknown.
    """

    of_words: bool
    alphabet: tuple[str, ...] = ()
    needs_labels = True
    higher_is_better = False
    is_percentage = True

    @property
    def name(self) -> str:
        """`wer` or `cer`."""
        return "wer" if self.of_words else "cer"

    @property
    def title(self) -> str:
        """What the value is, in words."""
        return "word error rate" if self.of_words else "character error rate"

    def for_network(self, network: Computation) -> "ErrorRate":
        """The metric with the alphabet that the network's file has."""
        metadata = network.metadata if isinstance(network, Network) else {}
        characters = metadata.get(ALPHABET, "").removesuffix("\n").split("\n")
        return replace(self, alphabet=() if characters == [""] else tuple(characters))

    def parts(self, outputs: Outputs, float_outputs: Outputs, targets: Sequence[Any]) -> Parts:
        """Edits, and characters or words of the right text, of each sample; shape (n, 2)."""
        del float_outputs
        if outputs.ndim != 3:
            raise NetworkError(
                f"metric {self.name} needs outputs of shape (places, classes) for each sample, the "
                f"output has the shape {outputs.shape[1:]}; --output chooses another"
            )
        alphabet = self._characters(outputs.shape[2])
        found = []
        for scores, target in zip(outputs, targets, strict=True):
            read: Sequence[Any] = best_path(scores)
            right = self._right(target)
            if isinstance(right, str):
                read = self._text(read, alphabet)
            elif self.of_words:
                read, right = (self._text(each, alphabet) for each in (read, right))
            if self.of_words:
                read, right = str(read).split(), str(right).split()
            found.append((edits(read, right), len(right)))
        return np.array(found, np.float64).reshape(-1, 2)

    def value(self, parts: Parts) -> float:
        """Edits of all samples, divided by the length of all right texts; NaN if that is 0."""
        wrong, length = parts.sum(axis=0)
        return float(wrong / length) if length else float("nan")

    def _characters(self, classes: int) -> tuple[str, ...]:
        """Character of each class, the blank first; empty if unknown."""
        if not self.alphabet:
            return ()
        known = ("", *self.alphabet)
        if classes == len(known) + 1:
            known = (*known, " ")
        if classes != len(known):
            raise NetworkError(
                f"metric {self.name}: the output has {classes} classes, the metadata "
                f"{ALPHABET!r} {len(self.alphabet)} characters: a blank before them and perhaps a "
                "space behind are expected"
            )
        return known

    def _right(self, target: Any) -> Sequence[Any]:
        if isinstance(target, str):
            return str(target)
        classes = np.asarray(target)
        if classes.ndim != 1 or classes.dtype.kind not in "iu":
            raise DatasetError(
                f"metric {self.name} needs texts, or classes of characters, as targets, one is "
                f"{target!r}"
            )
        return [int(each) for each in classes if each >= 0]

    def _text(self, classes: Sequence[int], alphabet: tuple[str, ...]) -> str:
        if not alphabet:
            raise NetworkError(
                f"metric {self.name}: the network's file says in no metadata {ALPHABET!r} which "
                "characters its classes are"
            )
        if classes and max(classes) >= len(alphabet):
            raise DatasetError(
                f"metric {self.name}: target class {max(classes)} of {len(alphabet)} classes"
            )
        return "".join(alphabet[each] for each in classes)


def best_path(scores: Outputs) -> list[int]:
    """Classes that are read from scores of shape (T, C); places with a NaN count as blanks."""
    best = np.where(np.isnan(scores).any(axis=1), BLANK, np.argmax(scores, axis=1))
    changes = np.concatenate([[True], best[1:] != best[:-1]])
    return [int(each) for each in best[changes] if each != BLANK]


def edits(first: Sequence[Any], second: Sequence[Any]) -> int:
    """Least number of insertions, deletions and replacements that make one of the other.

    Source: V. Levenshtein, Soviet Physics Doklady 10 (1966), by the table of R. Wagner and
    M. Fischer, Journal of the ACM 21 (1974).
    """
    numbers = {item: number for number, item in enumerate(dict.fromkeys([*first, *second]))}
    columns = np.array([numbers[item] for item in second], np.int64)
    places = np.arange(len(second) + 1)
    row: npt.NDArray[np.int64] = places
    for count, item in enumerate(first, 1):
        below = np.minimum(row[:-1] + (columns != numbers[item]), row[1:] + 1)
        following = np.concatenate([[count], below])
        # An insertion costs one for each place from the cheapest one before.
        row = np.minimum.accumulate(following - places) + places
    return int(row[-1])


for _of_words in (False, True):
    register(ErrorRate(of_words=_of_words))
