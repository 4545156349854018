"""What formats of four bits and quantisation methods cost a language model, beside publications.

    python benchmarks/perplexity_by_method.py [FOLDER]

Runs the shipped GPT on characters (`hwdse networks get char-gpt` gets its text) in each design
with each method: forty minutes on one core. Losses of all windows of text are kept in the folder.
Prints the tables of docs/methods.md. Intervals of differences are by bootstrap of windows in pairs.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hwdse import Design, networks
from hwdse.networks.methods.method import StorageMethod, parse

Losses = npt.NDArray[np.float64]

NETWORK = "char-gpt"
DRAWS = 10_000

WIDE = "a=bf16,acc=fp:fp32"
STORED = (
    *("block:int4_sym:128:bf16", "affine:uint4:128:bf16", "nf4_b64", "block:e2m1fn:128:bf16"),
    *("afpq:e2m1fn:128", "realbias:e2m1:128", "mxint4", "mxfp4", "nvint4", "nvfp4"),
    *("select:mxfp4|mxint4", "select:nvfp4|nvint4"),
)
MORE = ("awq,any", "any,lowrank", "awq,stored:affine:uint4:128:bf16")
WEIGHTS = ("int4", "e2m1fn", "nf4")
BLOCKS = ("mxint8", "mxfp8_e4m3", "mxint4", "mxfp4", "nvint4", "nvfp4")
ON_WEIGHTS = ("", "gptq", "awq,gptq")
ON_BLOCKS = ("", "gptq", "hadamard", "hadamard,gptq")


def _blocks(name: str) -> str:
    return f"a={name},acc=fp:fp32,unit=mx"


def _weights(name: str) -> str:
    return f"a=bf16,b={name},acc=fp:fp32"


ORDERS = (
    ("MXINT8 is better than MXFP8", (_blocks("mxint8"), ""), (_blocks("mxfp8_e4m3"), "")),
    ("NVFP4 is better than MXFP4", (_blocks("nvfp4"), ""), (_blocks("mxfp4"), "")),
    (
        "MXFP4 is better than INT4 in the same blocks",
        (_blocks("mxfp4"), ""),
        (_blocks("mxint4"), ""),
    ),
    ("NVFP4 is better than NVINT4", (_blocks("nvfp4"), ""), (_blocks("nvint4"), "")),
    (
        "after Hadamard rotations, NVINT4 is better than NVFP4",
        (_blocks("nvint4"), "hadamard"),
        (_blocks("nvfp4"), "hadamard"),
    ),
    ("any4 is better than NF4", (WIDE, "any"), (WIDE, "stored:nf4_b64")),
    (
        "NF4 is better than affine INT4",
        (WIDE, "stored:nf4_b64"),
        (WIDE, "stored:affine:uint4:128:bf16"),
    ),
    (
        "two scales (AFPQ) are better than one",
        (WIDE, "stored:afpq:e2m1fn:128"),
        (WIDE, "stored:block:e2m1fn:128:bf16"),
    ),
    (
        "a choice for each block is better than NVFP4",
        (WIDE, "stored:select:nvfp4|nvint4"),
        (WIDE, "stored:nvfp4"),
    ),
)
"""What publications say, the better one, the worse one."""


def runs() -> Iterator[tuple[str, str]]:
    """All pairs of a design and its methods."""
    for method in ("", *(f"stored:{each}" for each in STORED), "any", *MORE):
        yield WIDE, method
    for name in WEIGHTS:
        for method in ON_WEIGHTS:
            yield _weights(name), method
    for name in BLOCKS:
        for method in ON_BLOCKS:
            yield _blocks(name), method


def measured(path: Path) -> dict[tuple[str, str], Losses]:
    """Loss and number of tokens of each window, shape (windows, 2), of all runs."""
    known = json.loads(path.read_text()) if path.is_file() else {}
    for spec, methods in runs():
        if f"{spec} {methods}" not in known:
            design = Design.parse(spec)
            found = networks.evaluate(design, NETWORK, compare_scales=False, methods=methods)
            known[f"{spec} {methods}"] = found.parts.tolist()
            path.write_text(json.dumps(known))
    return {run: np.array(known[" ".join(run)]) for run in runs()}


def perplexity(losses: Losses) -> npt.NDArray[np.float64]:
    """Perplexities of losses of shape (..., windows, 2)."""
    loss, tokens = np.moveaxis(losses.sum(axis=-2), -1, 0)
    return np.asarray(np.exp(loss / tokens))


def difference(first: Losses, second: Losses) -> tuple[float, float, float]:
    """Perplexity of the first minus perplexity of the second, with a 95 % interval."""
    drawn = np.random.default_rng(0).integers(len(first), size=(DRAWS, len(first)))
    differences = perplexity(first[drawn]) - perplexity(second[drawn])
    low, high = np.quantile(differences, (0.025, 0.975))
    return float(perplexity(first) - perplexity(second)), float(low), float(high)


def _bits(methods: str) -> float:
    """Bits in which a weight is stored, without tables and corrections."""
    stored = [each for each in parse(methods) if isinstance(each, StorageMethod)]
    return stored[0].bits_per_weight if stored else 16


def _said(found: tuple[float, float, float]) -> str:
    middle, low, high = found
    text = f"{middle:+.3f} ({low:+.3f} to {high:+.3f})"
    return f"**{text}**" if low > 0 or high < 0 else text if middle else ""


def main(folder: str = ".") -> None:
    """Print the tables."""
    found = measured(Path(folder) / f"{NETWORK}.losses.json")
    sys.stdout.write(
        f"| `--method`, `{WIDE}` | bits of a weight | perplexity | less none |\n{'|---' * 4}|\n"
    )
    for spec, methods in runs():
        if spec == WIDE:
            losses = found[spec, methods]
            less = _said(difference(losses, found[WIDE, ""]))
            name = methods.replace("|", "\\|") or "none"
            bits = f"{_bits(methods):.4g}"
            sys.stdout.write(f"| `{name}` | {bits} | {perplexity(losses):.3f} | {less} |\n")
    for names, make, methods_of in ((WEIGHTS, _weights, ON_WEIGHTS), (BLOCKS, _blocks, ON_BLOCKS)):
        head = " | ".join(f"`{each}`" if each else "to nearest" for each in methods_of)
        sys.stdout.write(f"\n| design | {head} |\n|{'---|' * (len(methods_of) + 1)}\n")
        for name in names:
            plain = found[make(name), ""]
            cells = [f"{perplexity(plain):.3f}"]
            for methods in methods_of[1:]:
                losses = found[make(name), methods]
                cells.append(f"{perplexity(losses):.3f}, {_said(difference(losses, plain))}")
            sys.stdout.write(f"| `{make(name)}` | {' | '.join(cells)} |\n")
    sys.stdout.write(
        "\n| published | here: perplexity of the better one less the other |\n|---|---|\n"
    )
    for text, better, worse in ORDERS:
        sys.stdout.write(f"| {text} | {_said(difference(found[better], found[worse]))} |\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
