"""Fast versions of `Format.encode`, `decode` and `quantize`: the same bits, in compiled loops."""

from hwdse.kernels.codec.arrays import decode, encode, quantize
from hwdse.kernels.codec.block import encode_blocks, quantize_blocks

__all__ = ["decode", "encode", "encode_blocks", "quantize", "quantize_blocks"]
