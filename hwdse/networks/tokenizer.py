"""Turns texts into tokens by a tokenizer file of Hugging Face's `tokenizers` (`tokenizer.json`)."""

from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import DatasetError, first_line
from hwdse.resources import how_to_get


class Tokenizer:
    """A tokenizer file, without cutting or filling up of texts."""

    def __init__(self, content: str, name: str) -> None:
        """Read a file.

        Args:
            content: text of the file.
            name: its name, for errors.

        Raises:
            DatasetError: the package is missing, or it is no such file.
        """
        try:
            import tokenizers  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415 - an extra
        except ImportError as error:
            raise DatasetError(
                f"tokenizer {name} needs the package tokenizers, which is missing: "
                f"{how_to_get('text')}"
            ) from error
        try:
            made: Any = tokenizers.Tokenizer.from_str(content)
            made.no_truncation()
            made.no_padding()
        except Exception as error:  # its errors have no common class
            raise DatasetError(
                f"tokenizer {name} is no tokenizer file of Hugging Face: {first_line(error)}"
            ) from error
        self._made = made

    def tokens(self, text: str, *, with_ends: bool = False) -> npt.NDArray[np.int64]:
        """Numbers of the tokens of a text.

        Args:
            text: the text.
            with_ends: whether to put the special tokens around it that the file says.
        """
        return np.array(self._made.encode(text, add_special_tokens=with_ends).ids, np.int64)
