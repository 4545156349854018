"""Speed and size of the supported designs on an FPGA, each plain and at its best.

    python benchmarks/fpga_of_supported_designs.py [SPEC ...] [--results FILE]

Each design is placed and routed as it stands and in the configurations of `stages` and `interleave`
that `hwdse cost SPEC --fpga ecp5` tries, all with the same one seed. Prints the table of
docs/hardware.md. What is in the results file is not measured again.
"""

import argparse
import json
import tomllib
from pathlib import Path
from typing import Any

import click

from hwdse import Design
from hwdse.cost.fpga.place import place_and_route
from hwdse.cost.fpga.recommend import recommend

_ROOT = Path(__file__).resolve().parent.parent


def measured(design: Design) -> dict[str, Any]:
    plain = place_and_route(design)
    best = recommend(design, plain)
    return {"plain": plain.to_json(), "best": best.to_json()}


def row(spec: str, found: dict[str, Any]) -> str:
    plain, best = found["plain"], found["best"]
    columns = [f"`{spec}`", *(plain[name] for name in ("luts", "flip_flops", "multipliers"))]
    columns += [f"{plain['fmax_mhz']:.1f}", best["stages"], best["interleave"]]
    columns += [best["luts"], best["flip_flops"], f"{best['fmax_mhz']:.1f}"]
    return "| " + " | ".join(map(str, columns)) + " |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("spec", nargs="*", help="designs; by default the supported ones")
    parser.add_argument("--results", type=Path, help="file to keep results in")
    given = parser.parse_args()
    listed = tomllib.loads((_ROOT / "rtl" / "supported.toml").read_text(encoding="utf-8"))
    specs = given.spec or listed["designs"]
    done: dict[str, Any] = {}
    if given.results and given.results.exists():
        done = json.loads(given.results.read_text(encoding="utf-8"))
    click.echo(
        "| design | LUT4 | flip-flops | multipliers | MHz | stages | interleave | LUT4 | "
        "flip-flops | MHz |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    for spec in specs:
        if spec not in done:
            done[spec] = measured(Design.parse(spec))
            if given.results:
                given.results.write_text(json.dumps(done, indent=1), encoding="utf-8")
        click.echo(row(spec, done[spec]))


if __name__ == "__main__":
    main()
