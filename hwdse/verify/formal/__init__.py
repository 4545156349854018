"""Proofs by SAT that hardware equals a specification for all inputs."""

from hwdse.verify.formal.designs import Claims, claims_of
from hwdse.verify.formal.equivalence import (
    Claim,
    Counterexample,
    Verdict,
    decide,
    prove_all,
    prove_equal,
    raise_unproven,
    rtlil_of,
)

__all__ = [
    "Claim",
    "Claims",
    "Counterexample",
    "Verdict",
    "claims_of",
    "decide",
    "prove_all",
    "prove_equal",
    "raise_unproven",
    "rtlil_of",
]
