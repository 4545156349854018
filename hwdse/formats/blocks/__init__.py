"""Block formats and other quantisers of arrays: codes that share scales."""

from hwdse.formats.blocks.affine import Affine
from hwdse.formats.blocks.afpq import AsymmetricFloat
from hwdse.formats.blocks.block import BlockFormat
from hwdse.formats.blocks.blocking import Blocking, BlockSize
from hwdse.formats.blocks.llm_fp4 import RealBiasFloat
from hwdse.formats.blocks.named import NAMED
from hwdse.formats.blocks.quantizer import Quantized, Quantizer
from hwdse.formats.blocks.row_tables import RowTables
from hwdse.formats.blocks.scale_rules import ScaleRule
from hwdse.formats.blocks.selected import SelfSelected
from hwdse.formats.blocks.zero_points import ZeroPointBlock

__all__ = [
    "NAMED",
    "Affine",
    "AsymmetricFloat",
    "BlockFormat",
    "BlockSize",
    "Blocking",
    "Quantized",
    "Quantizer",
    "RealBiasFloat",
    "RowTables",
    "ScaleRule",
    "SelfSelected",
    "ZeroPointBlock",
]
