"""Cheap stand-ins for the evaluator and the generator; importable by worker processes."""

import hashlib
import json
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hwdse.errors import HwdseError, ToolError, VerificationError
from hwdse.explore.record import Evaluation
from hwdse.explore.space import Space
from hwdse.networks.accuracy import AGREES, RIGHT
from hwdse.spec import Design

BLOCKS = {"decode": 0.1, "multiply": 0.4, "accumulate": 0.3, "encode": 0.1, "registers": 0.1}


def space(count=12):
    """A space of `count` designs."""
    formats = ["int8", "int4", "e4m3fn", "e5m2"]
    designs = [
        Design.parse(f"a={name},acc=kulisch,stages={stages}")
        for stages in range(4)
        for name in formats
    ]
    return Space(name="test", designs=tuple(designs[:count]))


def by_key(designs):
    """Designs as `Store.select` takes them, under the keys that the fake evaluator gives."""
    return {f"key of {design}": design for design in designs}


def filled(store, designs):
    """A store with finished designs, the latest sweep's."""
    store.select(by_key(designs))
    for key, design in by_key(designs).items():
        store.add(key, evaluation(design))
    return store


def evaluation(design):
    """Made-up but reproducible results."""
    digest = hashlib.sha256(str(design).encode()).digest()
    energy = 0.1 + digest[0] / 100 + design.a.bits / 10
    correct = 300 + min(design.a.bits * 5, 50) + digest[1] % 10
    value = correct / 360
    return Evaluation(
        spec=str(design),
        cost={
            "area_um2": energy * 900,
            "energy_pj": energy,
            "delay_ns": 1 + digest[2] / 256,
            "clock_ns": 2.0,
            "macs_per_cycle": design.unit.group,
            "area_error": None,
            "energy_error": None,
            "delay_error": None,
            "technology": "nangate45",
            "method": "analytic",
            "breakdown": [
                {"name": name, "area_um2": energy * 900 * share, "energy_pj": energy * share}
                for name, share in BLOCKS.items()
            ],
        },
        accuracy={
            "value": value,
            "low": value - 0.02,
            "high": min(value + 0.02, 1.0),
            "confidence": 0.95,
            "float_value": 0.9806,
            "agreement": value - 0.001,
            "correct": correct,
            "samples": 360,
            "mcnemar_p": 0.5 if correct > 340 else 0.001,
            "sqnr_db": 6.0 * (design.a.bits - digest[1] % 4) + digest[2] / 256,
            "kl_divergence": 0.01,
            "scales": "output",
            "scale_spread": 0.01,
            "requantize": False,
            "metric": "top-1 accuracy",
            "network": "fake",
        },
        errors=errors(design),
        version="1.2.3",
        outcomes=np.where(np.arange(360) < correct, RIGHT | AGREES, 0).astype(np.uint8),
    )


def errors(design):
    """Errors of 360 samples, which tests tell apart where the classes of designs differ."""
    spread = np.random.default_rng(7).random(360, np.float32)
    digest = hashlib.sha256(str(design).encode()).digest()
    return (spread + 1) * np.float32(2.0 ** (digest[1] % 4 - design.a.bits))


class UnspeakableError(Exception):
    """Raises another one when it is printed, and cannot be pickled."""

    def __init__(self):
        super().__init__()
        self.unpicklable = lambda: None

    def __str__(self):
        raise RuntimeError("no words")


def misbehave(how, design):
    """What code that nobody foresaw may do; what it gives is no result."""
    return _FAULTS[how](design)


def _raises(error):
    def fault(design):
        raise error(design)

    return fault


def _endless(design):
    return _endless(design)


_FAULTS = {
    "": _raises(lambda design: HwdseError(f"cannot evaluate {design.a}")),
    "proof": _raises(
        lambda design: VerificationError(f"{design}: 1 mismatch\n  input 0: expected 1, got 2")
    ),
    "tool": _raises(lambda design: ToolError("no simulator:\npip install one")),
    "not utf-8": _raises(lambda design: HwdseError("caf\udce9 cannot be read")),
    "bug": lambda design: 1 // 0,
    "unspeakable": _raises(lambda design: UnspeakableError()),
    "memory": _raises(lambda design: MemoryError()),
    "recursion": _endless,
    "exit": lambda design: sys.exit(0),
    "kill": lambda design: os.kill(os.getpid(), signal.SIGKILL),
    "abort": lambda design: os._exit(3),
    "unpicklable": lambda design: lambda: None,
    "nothing": lambda design: None,
}


@dataclass(frozen=True, kw_only=True)
class FakeEvaluator:
    """Takes `seconds` a design and notes each in `log`; the format `broken` misbehaves.

    `faults` are more designs that do, each by its spec in its own way.
    """

    log: Path
    seconds: float = 0.0
    broken: str = ""
    how: str = ""
    faults: dict = field(default_factory=dict)

    def key(self, design):
        return f"key of {design}"

    def __call__(self, design):
        time.sleep(self.seconds)
        if design.a.name == self.broken:
            return misbehave(self.how, design)
        if str(design) in self.faults:
            return misbehave(self.faults[str(design)], design)
        with self.log.open("a") as stream:
            stream.write(f"{os.getpid()} {design}\n")
        return evaluation(design)

    def calls(self):
        """Specs evaluated so far."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.split()[1] for line in lines]


@dataclass(frozen=True, kw_only=True)
class FakeGenerator:
    """Writes a folder and notes it in `log`; the proof of the format `broken` fails."""

    log: Path
    seconds: float = 0.0
    broken: str = ""
    how: str = "proof"

    def __call__(self, design, folder):
        time.sleep(self.seconds)
        if design.a.name == self.broken:
            return misbehave(self.how, design)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "unit.v").write_text("module unit; endmodule\n")
        with self.log.open("a") as stream:
            stream.write(f"{os.getpid()} {design}\n")
        certificate = {"spec": str(design), "vectors": 1000, "level": "quick", "result": "pass"}
        (folder / "certificate.json").write_text(json.dumps(certificate))
        return certificate

    calls = FakeEvaluator.calls
