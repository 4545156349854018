"""Mutation: which faults, injected into a netlist, the verification of a design notices."""

from hwdse.verify.mutation.netlist import Mutant
from hwdse.verify.mutation.score import MutationReport, mutation_score

__all__ = ["Mutant", "MutationReport", "mutation_score"]
