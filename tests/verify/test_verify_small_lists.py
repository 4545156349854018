"""Lists of 2 to 4 values as operands, addends and outputs: verified, and generated."""

import json
import re
from pathlib import Path

import pytest
from sampled import some

from hwdse import Design
from hwdse.hdl import emit
from hwdse.verify import generate, verify

LISTS = {
    "two": [0, 3],
    "signed": [-1, 1],
    "three": [-1, 0, 1],
    "unsigned": [0, 0.5, 4],
    "four": [-3, -1, 0.5, 3],
    "wide": [0, 2.0**-20, 1, 3],
}
SPECS = [
    "a=nupes2,acc=fp:bf16",
    "a=e4m3fn,b={two},acc=kulisch,out=bf16,unit=dot,lanes=3",
    "a={signed},b=e2m1fn,mul=lut,acc=int:12,out={four},unit=dot,lanes=2",
    "a={wide},b={unsigned},unit=mul,out={two}",
    "a={wide},b={four},c={three},unit=fma,out={signed}",
    "a={four},b=posit8_1,mul=mitchell,acc=fp:bf16,out={three}",
]


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.chdir(tmp_path)
    for name, levels in LISTS.items():
        Path(f"{name}.json").write_text(json.dumps({"name": name, "levels": levels}))
    return {name: f"codebook:{name}.json" for name in LISTS}


@pytest.mark.parametrize("spec", some(SPECS, 3))
def test_designs_of_short_lists_are_verified(spec: str, lists: dict[str, str]) -> None:
    assert verify(Design.parse(spec.format(**lists)), "quick").total > 20


def test_they_are_generated(lists: dict[str, str], tmp_path: Path) -> None:
    generate(Design.parse("a={three},acc=fp:fp32".format(**lists)), tmp_path / "out", "quick")
    assert list((tmp_path / "out").glob("*.v"))


@pytest.mark.parametrize("key", ["a", "out"])
@pytest.mark.parametrize("name", LISTS)
def test_no_list_becomes_a_list_of_cases(name: str, key: str, lists: dict[str, str]) -> None:
    keys = {"a": "int4", "b": "e2m1fn", "c": "int4", "out": "fp16", key: lists[name]}
    if name in {"two", "unsigned", "wide"} and key == "out":
        # An output without negative values.
        keys |= {"a": "uint4", "b": "ue4m3", "c": "uint4"}
    text = emit(Design.parse(",".join(f"{k}={v}" for k, v in keys.items()) + ",unit=fma"))
    assert not re.search(r"\bcase[xz]?\b|\binitial\b", text)
