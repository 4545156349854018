"""Records what a unit does with given inputs when no stream stalls."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwdse.formats.unpacked import Array
from hwdse.spec import Interface
from hwdse.temporary import temporary_folder
from hwdse.verify import native
from hwdse.verify.stream_driver import codes_of, plan_of, rows_of

#: The cycle of a transfer that never came.
NEVER = (1 << 32) - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """The transfers of one run.

    Attributes:
        cycles: for each stream, the cycle of each transfer, or NEVER. Cycle 0 offers the first
            input. Transfers of outputs come in the order of time.
        codes: for each output stream, the codes of the elements of each field, shape (transfers,
            elements).
        complaints: streams with another number of transfers than expected, in words.
    """

    cycles: Mapping[str, Array]
    codes: Mapping[str, Mapping[str, Array]]
    complaints: tuple[str, ...]


def record(
    executable: Path,
    interface: Interface,
    inputs: Mapping[str, Mapping[str, Array]],
    expected: Mapping[str, int],
    *,
    seed: int = 0,
) -> Recording:
    """Run inputs without stalls.

    Args:
        executable: a driver from `build_driver`, built for recording.
        interface: interface of the module.
        inputs: for each input stream, what `rows_of` takes.
        expected: for each output stream, the number of transfers to wait for.
        seed: seed of registers without a reset.

    Raises:
        ToolError: the simulation did not run.
    """
    given = {stream.name: rows_of(stream, inputs[stream.name]) for stream in interface.inputs}
    counts = {name: len(rows) for name, rows in given.items()} | dict(expected)
    with temporary_folder("recording") as folder:
        plan, data, results = (folder / name for name in ("plan.txt", "data.bin", "results.bin"))
        plan.write_text(plan_of(interface, counts), encoding="utf-8")
        data.write_bytes(b"".join(rows.tobytes() for rows in given.values()))
        report = native.run(executable, [str(plan), str(data), str(seed), str(results)])
        words = np.fromfile(results, np.uint32)
    cycles: dict[str, Array] = {}
    codes: dict[str, Mapping[str, Array]] = {}
    at = 0
    for stream in interface.streams:
        count = counts[stream.name]
        cycles[stream.name] = words[at : at + count].astype(np.int64)
        at += count
        if stream.direction == "output":
            width = -(-sum(part.width for part in stream.fields) // 32)
            codes[stream.name] = codes_of(stream, words[at : at + count * width].reshape(-1, width))
            at += count * width
    return Recording(
        cycles=cycles,
        codes=codes,
        complaints=tuple(str(found["got"]) for found in report.first),
    )
