"""Proves that the emitted hardware equals the golden model, and writes folders with the proof."""

import hwdse.verify.engines  # noqa: F401 - engines register themselves
from hwdse.verify.certificate import Certificate
from hwdse.verify.generation import generate
from hwdse.verify.stimulus import LEVELS
from hwdse.verify.user_verilog import check
from hwdse.verify.verification import verify

__all__ = ["LEVELS", "Certificate", "check", "generate", "verify"]
