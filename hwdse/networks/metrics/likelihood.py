"""Metrics of language models: perplexity, and the mean negative log-likelihood of a token."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwdse.errors import DatasetError, NetworkError
from hwdse.networks.metrics import Outputs, register
from hwdse.networks.statistics import Parts, log_probability_of


@dataclass(frozen=True, kw_only=True)
class Likelihood:
    """How probable the tokens of a text are to the network.

    The output of a sample has the shape (T, V): a logit, or a probability, of each of V tokens
    that may follow each of T tokens. The target has the T tokens that do follow; negative ones do
    not count.
    """

    is_perplexity: bool
    needs_labels = True
    higher_is_better = False
    is_percentage = False

    @property
    def name(self) -> str:
        """`perplexity` or `nll`."""
        return "perplexity" if self.is_perplexity else "nll"

    @property
    def title(self) -> str:
        """What the value is, in words."""
        if self.is_perplexity:
            return "perplexity"
        return "negative log-likelihood of a token in nats"

    def parts(self, outputs: Outputs, float_outputs: Outputs, targets: Sequence[Any]) -> Parts:
        """Sum of -log p in nats, and number of tokens, of each sample; shape (n, 2)."""
        del float_outputs
        if outputs.ndim != 3:
            raise NetworkError(
                f"metric {self.name} needs outputs of shape (tokens, vocabulary) for each sample, "
                f"the output has the shape {outputs.shape[1:]}; --output chooses another"
            )
        return np.array(
            [self._part(logits, target) for logits, target in zip(outputs, targets, strict=True)]
        ).reshape(-1, 2)

    def _part(self, logits: Outputs, target: Any) -> tuple[float, int]:
        tokens = np.asarray(target)
        places, vocabulary = logits.shape
        if tokens.shape != (places,) or tokens.dtype.kind not in "iu":
            raise DatasetError(
                f"metric {self.name} needs the token that follows each of {places} places as the "
                f"target, one is {tokens.dtype} of shape {tokens.shape}"
            )
        if tokens.size and tokens.max() >= vocabulary:
            raise DatasetError(
                f"metric {self.name}: target {tokens.max()} for a vocabulary of {vocabulary} tokens"
            )
        counted = tokens >= 0
        found = log_probability_of(logits, np.where(counted, tokens, 0))
        return -float(found[counted].sum()), int(counted.sum())

    def value(self, parts: Parts) -> float:
        """Mean over all tokens, for perplexity to the power of e; NaN without any token."""
        loss, tokens = parts.sum(axis=0)
        if not tokens:
            return math.nan
        with np.errstate(over="ignore"):
            return float(np.exp(loss / tokens) if self.is_perplexity else loss / tokens)


for _is_perplexity in (True, False):
    register(Likelihood(is_perplexity=_is_perplexity))
