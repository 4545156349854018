"""Names of block formats: each name is short for a text form."""

import re

from hwdse.errors import FormatError

#: Complete text forms: element, block size, scale, rule and, in some, the tensor scale.
NAMED: dict[str, str] = {
    # OCP Microscaling v1.0.
    "mxfp8_e4m3": "block:e4m3fn:32:e8m0:floor",
    "mxfp8_e5m2": "block:e5m2:32:e8m0:floor",
    "mxfp6_e3m2": "block:e3m2fn:32:e8m0:floor",
    "mxfp6_e2m3": "block:e2m3fn:32:e8m0:floor",
    "mxfp4": "block:e2m1fn:32:e8m0:floor",
    "mxint8": "block:q2_6:32:e8m0:floor",
    # The same structure with fewer bits and a symmetric range.
    "mxint6": "block:int6_sym:32:e8m0:floor",
    "mxint4": "block:int4_sym:32:e8m0:floor",
    # Two levels of scales. The 2d format is for weights: a transposed matrix has the same scales.
    "nvfp4": "block:e2m1fn:16:ue4m3:nv:fp32",
    "nvfp4_2d": "block:e2m1fn:16x16:ue4m3:nv:fp32",
    "nvint4": "block:int4_sym:16:ue4m3:nv:fp32",
    # Five exponent bits make up for the missing tensor scale. Both public UE5M3 variants.
    "fp4_ue5m3": "block:e2m1fn:16:ue5m3:amax",
    "fp4_ue5m3fn": "block:e2m1fn:16:ue5m3fn:amax",
    # Block floating point and dynamic fixed point.
    "msfp12": "block:q2_2_sym:16:e8m0:floor",
    "msfp16": "block:q2_6_sym:16:e8m0:floor",
    "dfp8": "block:int8:tensor:e8m0:floor",
    "dfp16": "block:int16:tensor:e8m0:floor",
    # QLoRA, without its second quantisation of the scales.
    "nf4_b64": "block:nf4:64:fp32:amax",
}

#: Syntax of the parametric names.
SYNTAX = "bfp{bits}_b{block}, dfp{bits}; {name}:{rule}"

_SHARED_EXPONENT_BITS = 8
_MAX_BITS = 32
_BFP = re.compile(r"bfp([0-9]{1,9})_b([0-9]{1,9})")
_DFP = re.compile(r"dfp([0-9]{1,9})")
_RULE_FIELD = 4


def expanded(text: str) -> str | None:
    """The text form of a name such as `mxfp4` or `mxfp4:{rule}`; None for any other text.

    Raises:
        FormatError: the parameters are impossible, or more than one field follows the name.
    """
    name, *rules = text.split(":")
    form = NAMED.get(name) or _bfp(name) or _dfp(name)
    if form is None or not rules:
        return form
    if len(rules) > 1:
        raise FormatError(f"malformed block format {text!r}: {name} or {name}:{{rule}} is allowed")
    fields = form.split(":")
    fields[_RULE_FIELD] = rules[0]
    return ":".join(fields)


def short_name(text: str) -> str | None:
    """The name of a complete text form, with `:{rule}` if the named format has another rule."""
    for name, known in NAMED.items():
        if text == known:
            return name
        fields, others = text.split(":"), known.split(":")
        rule = fields[_RULE_FIELD]
        fields[_RULE_FIELD] = others[_RULE_FIELD]
        if fields == others:
            return f"{name}:{rule}"
    return None


def _bfp(name: str) -> str | None:
    """Block floating point: a shared 8-bit exponent, and a sign and a magnitude per value.

    With an m-bit magnitude M, the value is +-M 2^(E - (m-1)). The rule `floor` makes the scale
    2^E. The element is the symmetric fixed-point number with m - 1 fraction bits, which has the
    same values as sign and magnitude. A negative zero becomes zero.
    """
    match = _BFP.fullmatch(name)
    if not match:
        return None
    width = int(match[1]) - _SHARED_EXPONENT_BITS
    if not 2 <= width <= _MAX_BITS:
        raise FormatError(
            f"{name}: {_SHARED_EXPONENT_BITS + 2} to {_SHARED_EXPONENT_BITS + _MAX_BITS} bits are "
            "allowed, 8 of them the shared exponent's and one the sign's"
        )
    element = "int2" if width == 2 else f"q2_{width - 2}"
    return f"block:{element}_sym:{match[2]}:e8m0:floor"


def _dfp(name: str) -> str | None:
    """Dynamic fixed point: the P-bit integers of a whole tensor share one 8-bit exponent.

    The exponent is floor(log2 amax) - (P - 2). The rule `floor` gives this exponent, because P - 2
    is the exponent of the largest P-bit integer.
    """
    match = _DFP.fullmatch(name)
    if not match:
        return None
    if not 2 <= int(match[1]) <= _MAX_BITS:
        raise FormatError(f"{name}: 2 to {_MAX_BITS} bits are allowed")
    return f"block:int{match[1]}:tensor:e8m0:floor"
