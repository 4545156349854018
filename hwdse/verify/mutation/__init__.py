"""Mutation analysis: injects faults into a netlist and counts those that verification detects."""

from hwdse.verify.mutation.netlist import Mutant
from hwdse.verify.mutation.score import MutationReport, mutation_score

__all__ = ["Mutant", "MutationReport", "mutation_score"]
