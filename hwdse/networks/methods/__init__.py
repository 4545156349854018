"""Post-training quantisation methods: named steps that compose, such as `smoothquant,gptq`.

There are three kinds of steps, always in this order:

* operand methods change both operands of a layer so that their product stays the same, for example
  by a factor for each channel or by a rotation;
* one method chooses weights: by the codes that suit what the layer gets on calibration data, or by
  a narrower format that they are stored in;
* corrections add to a layer's results what quantisation has taken from them.

A step is one module of this folder that describes itself. It works for every element format and
every block format, because it knows no format: it sees a `WeightGrid` of allowed values.
"""

from hwdse.networks.methods.method import Method, parse, written
from hwdse.plugins import load_modules

__all__ = ["Method", "parse", "written"]

load_modules(__name__, __path__)
