"""Fast arithmetic of block formats: their codes, and their matrix products."""

from hwdse.kernels.blocks.codec import encode_blocks, quantize_blocks
from hwdse.kernels.blocks.matrix import block_matmul, block_products

__all__ = ["block_matmul", "block_products", "encode_blocks", "quantize_blocks"]
