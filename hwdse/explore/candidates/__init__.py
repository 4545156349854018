"""What a sweep compares: designs, and assignments of designs to the layers of a network.

All of a sweep sees both as a `Candidate`: with a text that parses back, names, facts for the store,
a cost, and the designs whose Verilog is made. `candidate_of` gives that of a design or an
assignment; another kind of candidate registers itself there.
"""

from hwdse.explore.candidates.candidate import Candidate, Compared, Proofs, candidate_of
from hwdse.explore.candidates.many import AssignmentCandidate
from hwdse.explore.candidates.single import DesignCandidate
from hwdse.explore.candidates.texts import apart, parse_candidate, row_test

__all__ = [
    "AssignmentCandidate",
    "Candidate",
    "Compared",
    "DesignCandidate",
    "Proofs",
    "apart",
    "candidate_of",
    "parse_candidate",
    "row_test",
]
