"""Recorded operands and results of an H100, and the designs that should give equal results."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwdse import Design

FOLDER = Path(__file__).parents[1] / "data" / "h100"
HOPPER = {
    "fp16": "a=fp16,acc=aligned:hopper,unit=dot,lanes=16",
    "bf16": "a=bf16,acc=aligned:hopper,unit=dot,lanes=16",
    "tf32": "a=tf32,acc=aligned:hopper-tf32,unit=dot,lanes=8",
    "fp16k8": "a=fp16,acc=aligned:hopper,unit=dot,lanes=8",
    "bf16k8": "a=bf16,acc=aligned:hopper,unit=dot,lanes=8",
    "tf32k4": "a=tf32,acc=aligned:hopper-tf32,unit=dot,lanes=4",
    "bf16tiny": "a=bf16,acc=aligned:hopper,unit=dot,lanes=16",
    "tf32tiny": "a=tf32,acc=aligned:hopper-tf32,unit=dot,lanes=8",
    "e4m3": "a=e4m3fn,acc=aligned:hopper-fp8,unit=dot,lanes=32",
    "e5m2": "a=e5m2,b=e4m3fn,acc=aligned:hopper-fp8,unit=dot,lanes=32",
}


@dataclass(frozen=True)
class Recording:
    """Dot products as codes: operands of shape (n, K), addends and results of shape (n,)."""

    design: Design
    a: np.ndarray
    b: np.ndarray
    c: np.ndarray
    d: np.ndarray

    def part(self, chosen) -> "Recording":
        return Recording(
            self.design, self.a[chosen], self.b[chosen], self.c[chosen], self.d[chosen]
        )


def load(file: str) -> dict[str, np.ndarray]:
    with np.load(FOLDER / f"{file}.npz") as archive:
        return {key: archive[key] for key in archive.files}


def tiles(file: str, key: str) -> Recording:
    """All dot products in the recorded tiles of one instruction, or of a chain of instructions."""
    data = load(file)
    a, b, c, d = (data[f"{key}_{part}"] for part in "abcd")
    name = key.split("_", maxsplit=1)[0]
    if name == "tf32" and file != "chains":
        a, b = a >> 13, b >> 13
    shape = (*c.shape, a.shape[-1])
    return Recording(
        Design.parse(HOPPER[name]),
        np.broadcast_to(a[:, :, None], shape).reshape(-1, shape[-1]),
        np.broadcast_to(b.swapaxes(1, 2)[:, None], shape).reshape(-1, shape[-1]),
        c.reshape(-1).view(np.uint32),
        d.reshape(-1).view(np.uint32),
    )


def product(file: str, key: str, result: str = "d") -> tuple[Design, np.ndarray, ...]:
    """Operands (M, K) and (N, K) of an FP8 matrix product, and the result (M, N)."""
    data = load(file)
    design = Design.parse(HOPPER[key.split("_", maxsplit=1)[0]])
    return design, data[f"{key}_a"], data[f"{key}_b"], data[f"{key}_{result}"].view(np.uint32)


def same(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether fp32 codes are equal; all NaN codes count as equal."""
    nan = [(each & 0x7FFFFFFF) > 0x7F800000 for each in (x, y)]
    return (x == y) | (nan[0] & nan[1])
