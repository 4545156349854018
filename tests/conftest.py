"""Shared set-up: one Hypothesis profile that gives the same examples on every run.

Living here, this file also puts tests/ on the import path, where the slow references are found
(`from reference import ...`).
"""

from hypothesis import settings

# A busy machine must not turn a correct result into a failure, and a failure must be repeatable.
settings.register_profile("hwdse", deadline=None, derandomize=True, max_examples=200, database=None)
settings.load_profile("hwdse")
