"""Names of the rungs of the fidelity ladder, which need nothing else of it (`ladder`)."""

TENSORS, LAYERS, LOGITS, NETWORK = "tensors", "layers", "logits", "network"
RUNGS = (TENSORS, LAYERS, LOGITS, NETWORK)
FEW_SAMPLES = 64
"""Samples of a cheap measurement, if nothing else is asked for."""
