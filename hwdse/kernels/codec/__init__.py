"""Fast versions of `Format.encode`, `decode` and `quantize`: the same bits, in compiled loops."""

from hwdse.kernels.codec.arrays import decode, encode, quantize

__all__ = ["decode", "encode", "quantize"]
