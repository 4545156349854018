"""Reads a text as windows of tokens, by a tokenizer file of Hugging Face's `tokenizers`.

The whole text becomes tokens, without any special ones. Window k has the tokens k T to k T + T - 1
for a sequence length of T; a shorter rest is left out. The target of each place is the token that
follows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hwdse.errors import DatasetError
from hwdse.networks.data import DataReader, Options, register
from hwdse.networks.network import Network
from hwdse.networks.parts import digest
from hwdse.networks.protocols import Array, Computation, Input, Sample
from hwdse.networks.tokenizer import Tokenizer
from hwdse.reading import MEBIBYTE, read_text

_MAX_TEXT = 64 * MEBIBYTE
_MAX_TOKENIZER = 64 * MEBIBYTE


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenSamples:
    """Windows of a text.

    Attributes:
        name: name of the file.
        inputs: the inputs of the network: token ids, and what goes with them.
        tokens: all tokens of the text.
        length: number of tokens in a window, T.
    """

    name: str
    inputs: Sequence[Input]
    tokens: npt.NDArray[np.int64]
    length: int

    def __len__(self) -> int:
        # The last token of a window needs one that follows.
        return max(0, len(self.tokens) - 1) // self.length

    def __getitem__(self, index: int) -> Sample:
        start = index * self.length
        window = self.tokens[start : start + self.length]
        return Sample(
            inputs={each.name: _value(each, window) for each in self.inputs},
            target=self.tokens[start + 1 : start + 1 + self.length],
        )

    def key(self, index: int) -> bytes:
        """Digest of the tokens."""
        start = index * self.length
        return digest(self.tokens[start : start + self.length].tobytes())


def read_tokens(path: Path, network: Computation, options: Options) -> TokenSamples:
    """Windows of a text, as long as the network's sequences.

    Raises:
        DatasetError: the tokenizer or its package is missing, the network takes no sequences of
            tokens, or the text is shorter than two windows.
    """
    length = _length(network)
    tokenizer = options.tokenizer
    if tokenizer is None and isinstance(network, Network):
        tokenizer = network.companions.tokenizer
    if tokenizer is None:
        raise DatasetError(
            f"data {path} is taken as a text: --tokenizer tokenizer.json says how it becomes tokens"
        )
    text = read_text(path, "text", DatasetError, most=_MAX_TEXT)
    tokens = _encoded(tokenizer, text)
    if len(tokens) <= length:
        raise DatasetError(
            f"data {path} has {len(tokens)} tokens: a window takes {length}, and one that follows"
        )
    return TokenSamples(name=path.name, inputs=network.inputs, tokens=tokens, length=length)


def _encoded(path: Path, text: str) -> npt.NDArray[np.int64]:
    """The tokens of a text."""
    content = read_text(path, "tokenizer", DatasetError, most=_MAX_TOKENIZER)
    return Tokenizer(content, str(path)).tokens(text)


def _length(network: Computation) -> int:
    """Length of the sequences of a network."""
    shapes = {each.shape for each in network.inputs}
    ids = [each for each in network.inputs if _filling(each) is None]
    kinds = {each.dtype.kind for each in network.inputs}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1 or len(ids) != 1 or not kinds <= set("iub"):
        inputs = ", ".join(map(str, network.inputs))
        raise DatasetError(
            f"network {network.name} takes {inputs}: a text needs one input of token ids, shape "
            "(T,), and may fill others of this shape that have mask, type or position in their "
            "names"
        )
    return next(iter(shapes))[0]


def _filling(each: Input) -> str | None:
    """What fills an input beside the token ids; None: it takes the ids."""
    return next((word for word in ("mask", "type", "position") if word in each.name.lower()), None)


def _value(each: Input, window: npt.NDArray[np.int64]) -> Array:
    match _filling(each):
        case "mask":
            return np.ones(len(window), each.dtype)
        case "type":
            return np.zeros(len(window), each.dtype)
        case "position":
            return np.arange(len(window), dtype=each.dtype)
        case _:
            return window


register(
    DataReader(
        what="a text (--tokenizer)",
        takes=lambda path: path.suffix not in {".npz", ".onnx"} and path.is_file(),
        read=read_tokens,
    )
)
