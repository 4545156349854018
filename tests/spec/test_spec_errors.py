"""Bad specs: one line that says what was given and what is allowed."""

import pytest

from hwdse import Design, formats
from hwdse.errors import FormatError, HwdseError, SpecError
from hwdse.spec import Dot, IntegerSum, Kulisch, Mac, Multiplier
from hwdse.spec.accumulate import Accumulator

# text: words the message must hold (what was given, what is allowed)
BAD = {
    # text
    "": ("''", "key=value"),
    "a": ("'a'", "key=value"),
    "a=": ("'a='", "key=value"),
    "=e4m3fn": ("'=e4m3fn'", "key=value"),
    "a=e4m3fn,acc=kulisch,": ("''", "key=value"),
    "a=e4m3fn;acc=kulisch": ("unknown format", "e4m3fn"),
    "acc=kulisch": ("lacks a=", "first operand"),
    "a=e4m3fn": ("unit mac needs acc=",),
    "a=e4m3fn,a=e4m3fn,acc=kulisch": ("gives a twice",),
    "a=e4m3fn\n,acc=kulisch": ("line breaks",),
    "a=e4m3fn,acc=kulisch,rounding=u\tp": ("control characters",),
    # keys
    "a=e4m3fn,acc=kulisch,lanes=4": ("mac does not use lanes", "stages"),
    "a=e4m3fn,acc=kulisch,colour=red": ("mac does not use colour", "stages"),
    "a=e4m3fn,acc=kulisch,unit=dot,rows=4": ("dot does not use rows", "stages, interleave, lanes"),
    "A=e4m3fn,acc=kulisch": ("lacks a=",),
    # formats
    "a=nope,acc=kulisch": ("nope", "allowed are", "`hwdse formats`"),
    "a=e0m0,acc=kulisch": ("0 exponent and 0 fraction bits", "1 to 11"),
    "a=e12m52,acc=kulisch": ("12 exponent and 52 fraction bits", "1 to 11"),
    "a=int65,acc=kulisch": ("65 bits", "2 to 32"),
    "a=e4m3fn,b=nope,acc=kulisch": ("'nope'", "e4m3fn"),
    "a=e4m3fn,acc=kulisch,out=nope": ("'nope'", "e4m3fn"),
    "a=e4m3fn,acc=kulisch,out=ue4m3": ("out=ue4m3", "signed"),
    "a=e4m3fn,acc=kulisch,out=e8m0": ("out=e8m0", "signed"),
    # multipliers
    "a=e4m3fn,mul=nope,acc=kulisch": ("multiplier 'nope'", "exact, add-skip, lmul"),
    "a=e4m3fn,mul=exact:fast,acc=kulisch": ("'exact:fast'", "exact"),
    "a=e4m3fn,mul=lmul:fast,acc=kulisch": ("'lmul:fast'", "formula", "no-offset"),
    "a=e4m3fn,mul=lmul:l0,acc=kulisch": ("'lmul:l0'", "l{n}"),
    "a=e4m3fn,mul=lmul:,acc=kulisch": ("'lmul:'", "formula"),
    "a=e4m3fn,mul=lmul:l4,acc=kulisch": ("2^-4", "3 bits"),
    "a=e4m3fn,b=e5m2,mul=lmul,acc=kulisch": ("e4m3fn and e5m2", "one floating-point format"),
    "a=int8,mul=lmul,acc=int:32": ("int8 and int8", "one floating-point format"),
    "a=e3m0fn,mul=lmul,acc=kulisch": ("e3m0fn", "a fraction"),
    "a=ue4m3,mul=lmul,acc=kulisch": ("ue4m3", "signed"),
    "a=e8m0,mul=lmul,acc=kulisch": ("e8m0", "a fraction"),
    # accumulators
    "a=e4m3fn,acc=nope": ("accumulator 'nope'", "known are aligned, fp, kulisch, "),
    "a=e4m3fn,acc=kulish": ("accumulator 'kulish'", "near kulisch"),
    "a=e4m3fn,mul=mitchel:f3,acc=kulisch": ("multiplier 'mitchel:f3'", "near mitchell"),
    "a=e4m3fn,acc=kulisch,unit=dott": ("unit 'dott'", "near dot"),
    "a=e4m3fn,acc=kulisch:٨": ("'kulisch:٨'", "kulisch[:{terms}]"),
    "a=e4m3fn,acc=kulisch,stages=１": ("stages=１", "whole number"),
    "a=e4m3fn,acc=kulisch:0": ("0 terms", "1 to 2^40"),
    "a=e4m3fn,acc=kulisch:1099511627777": ("1099511627777 terms", "1 to 2^40"),
    "a=e4m3fn,acc=kulisch:-1": ("'kulisch:-1'", "kulisch[:{terms}]"),
    "a=e4m3fn,acc=kulisch:x": ("'kulisch:x'", "kulisch[:{terms}]"),
    "a=e4m3fn,acc=kulisch:1:2": ("'kulisch:1:2'", "kulisch[:{terms}]"),
    "a=e4m3fn,acc=fp": ("'fp'", "fp:{format}"),
    "a=e4m3fn,acc=fp:fp32:forest": ("'fp:fp32:forest'", "fp:{format}", "fp:{format}:tree"),
    "a=e4m3fn,acc=fp:fp32:tree:2": ("'fp:fp32:tree:2'", "fp:{format}:tree"),
    "a=e4m3fn,acc=fp:bf16:an": ("'fp:bf16:an'", "fp:{format}:an{k}-{lambda}[:w{bits}]"),
    "a=e4m3fn,acc=fp:bf16:an0-1": ("fp:bf16:an0-1", "at least 1", "7 fraction bits"),
    "a=e4m3fn,acc=fp:bf16:an4-4": ("fp:bf16:an4-4", "together at most", "7 fraction bits"),
    "a=e4m3fn,acc=fp:bf16:an1-1:w6": ("fp:bf16:an1-1:w6", "7 to 52"),
    "a=int8,acc=fp:bf16:an1-1": ("fp:bf16:an1-1", "one exponent", "use kulisch"),
    "a=e4m3fn,acc=fp:bf16:sr25": ("fp:bf16:sr25", "25 random bits", "1 to 24"),
    "a=e4m3fn,acc=fp:bf16:sr9:lfsr8": ("9 random bits", "1 to 8"),
    "a=e4m3fn,acc=fp:bf16:sr8:lfsr9": ("a register of 9 bits", "8, 10, 12, 13, 16, 32"),
    "a=e4m3fn,acc=fp:bf16:sr8:seed0": ("seed 0", "1 to 2^16-1"),
    "a=e4m3fn,acc=fp:bf16:sr8d": ("'fp:bf16:sr8d'", "fp:{format}:sr[{bits}][a|b|c]"),
    "a=e4m3fn,acc=fp:e11m52:sr8": ("fp:e11m52:sr8", "before it is rounded", "0 to 52"),
    "a=e4m3fn,acc=fp:binary15p1se": ("fp:binary15p1se", "what float64 can hold"),
    "a=e4m3fn,acc=fp:nope": ("fp:nope", "'nope'", "e4m3fn"),
    "a=e4m3fn,acc=fp:e0m0": ("0 exponent", "1 to 11"),
    "a=e4m3fn,acc=fp:int8": ("fp:int8", "floating-point"),
    "a=e4m3fn,acc=fp:ue5m3": ("fp:ue5m3", "signed"),
    "a=e2m1fn,acc=fp:e8m0": ("fp:e8m0", "signed"),
    "a=e4m3fn,acc=fp:e3m2fn": ("fp:e3m2fn", "NaN"),
    "a=e4m3fn,acc=int:32": ("int:32", "integer products", "kulisch or fp:{format}"),
    "a=int8,acc=int": ("'int'", "int:{width}"),
    "a=int8,acc=int:x": ("'int:x'", "int:{width}"),
    "a=int8,acc=int:32:clip": ("'int:32:clip'", ":sat"),
    "a=int8,acc=int:1": ("int:1", "2 to 64"),
    "a=int8,acc=int:65": ("int:65", "2 to 64"),
    "a=int8,acc=int:15": ("int:15", "16 bits"),
    "a=int8,acc=int:48": ("int:48", "out="),
    # rounding, unit
    "a=e4m3fn,acc=kulisch,rounding=nearest": ("rounding=nearest", "rne, rna, rtz, up, down"),
    "a=e4m3fn,acc=kulisch,rounding=stochastic": ("rounding=stochastic", "rne, rna, rtz, up, down"),
    "a=e4m3fn,acc=kulisch,unit=matrix": ("unit 'matrix'", "mac, dot"),
    "a=e4m3fn,acc=kulisch,unit=dot:4": ("'dot:4'", "dot"),
    "a=e4m3fn,acc=kulisch,unit=dot,lanes=0": ("lanes=0", "1 to 1024"),
    "a=e4m3fn,acc=kulisch,unit=dot,lanes=1025": ("lanes=1025", "1 to 1024"),
    "a=e4m3fn,acc=kulisch,unit=dot,lanes=-4": ("lanes=-4", "whole number"),
    "a=e4m3fn,acc=kulisch,unit=dot,lanes=four": ("lanes=four", "whole number"),
    "a=e4m3fn,acc=kulisch,unit=dot,lanes=9999999999": ("lanes=9999999999", "whole number"),
    "a=e4m3fn,acc=kulisch,stages=6": ("stages=6", "0 to 5"),
}


@pytest.mark.parametrize("text", BAD)
def test_one_line_says_what_was_given_and_what_is_allowed(text):
    with pytest.raises(SpecError) as caught:
        Design.parse(text)
    message = str(caught.value)
    assert "\n" not in message
    assert repr(text) in message
    for words in BAD[text]:
        assert words in message


def test_the_errors_exit_with_2():
    for kind in (SpecError, FormatError):
        assert issubclass(kind, HwdseError)
        assert kind.exit_code == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Kulisch(terms=0), "1 to 2^40"),
        (lambda: IntegerSum(width=1), "2 to 64"),
        (lambda: Mac(stages=-1), "0 to 5"),
        (lambda: Dot(lanes=0), "1 to 1024"),
        (lambda: Design(a=formats.get("e4m3fn"), acc=IntegerSum(width=32)), "integer products"),
        (lambda: Design(a=formats.get("int8"), acc=Kulisch(), rounding="no"), "rounding=no"),
        (lambda: Multiplier.parse("nope"), "exact, add-skip, lmul"),
        (lambda: Accumulator.parse("nope"), "kulisch"),
    ],
)
def test_parts_made_in_python_are_checked_too(make, message):
    with pytest.raises(SpecError) as caught:
        make()
    assert message in str(caught.value)


def test_designs_are_frozen():
    design = Design.parse("a=e4m3fn,acc=kulisch")
    with pytest.raises(AttributeError):
        design.rounding = "up"  # type: ignore[misc]
