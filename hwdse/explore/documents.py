"""Checks the JSON documents and arrays that a store keeps.

A store is a file that anyone may have edited or damaged. This module checks all data once when it
is read from the store, so that tables, plots and pages can rely on the data. The module makes the
same checks when data is written to the store.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.explore.columns import Column
from hwdse.explore.layer_designs import LayerDesigns
from hwdse.explore.on_machine import ON_MACHINE
from hwdse.networks.accuracy import AGREES, RIGHT
from hwdse.text import printable

Check = Callable[[Any], bool]
_STORED = np.dtype("<f4")


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _is_amount(value: Any) -> bool:
    return _is_number(value) and 0 <= value < math.inf


def _is_margin(value: Any) -> bool:
    return value is None or _is_amount(value)


def _is_ratio(value: Any) -> bool:
    # NaN means that nothing could be measured.
    return _is_number(value) and (0 <= value <= 1 or math.isnan(value))


def _is_decibels(value: Any) -> bool:
    return value is None or (_is_number(value) and math.isfinite(value))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53


def _is_positive(value: Any) -> bool:
    return _is_amount(value) and value > 0


def _is_samples(value: Any) -> bool:
    return _is_count(value) and value > 0


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,99}", value) is not None


def _are_keys(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and "a" in value
        and all(map(_is_name, value))
        and all(_is_text(item) or _is_count(item) for item in value.values())
    )


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _are_blocks(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(block, dict)
        and _is_text(block.get("name"))
        and _is_amount(block.get("area_um2"))
        and _is_amount(block.get("energy_pj"))
        for block in value
    )


_FABRIC_AMOUNTS = ("luts", "luts_per_mac", "flip_flops", "multipliers")
_FABRIC_ERRORS = ("luts", "flip_flops", "multipliers", "fmax")


def _is_fabric(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and _is_text(value.get("fabric"))
        and all(_is_amount(value.get(name)) for name in _FABRIC_AMOUNTS)
        and _is_positive(value.get("fmax_mhz"))
        and all(_is_margin(value.get(f"{name}_error")) for name in _FABRIC_ERRORS)
    )


def _is_system(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and _is_text(value.get("machine"))
        and _is_text(value.get("reason"))
        and all(_is_margin(value.get(name)) for name in ON_MACHINE)
    )


def _is_by_layer(value: Any) -> bool:
    if value is None:
        return True
    try:
        found = LayerDesigns.of(value)
    except (KeyError, TypeError, ValueError):
        return False
    amounts = (
        amount
        for one in found.members
        for amount in (one.area_um2, one.energy_pj, one.delay_ns, one.luts or 0, one.fpga_ns or 0)
    )
    return (
        all(map(_is_amount, amounts))
        and all(_is_text(text) for one in found.members for text in (one.spec, one.design))
        and all(_is_text(one.layer) and _is_samples(one.macs) for one in found.layers)
    )


def _are_columns(value: Any) -> bool:
    try:
        return isinstance(value, list) and all(map(Column.from_json, value))
    except ValueError:
        return False


def _are_values(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _is_name(name) and (number is None or (_is_number(number) and math.isfinite(number)))
        for name, number in value.items()
    )


def _are_tried(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_decibels(each) for each in value.values())


MEASURED: dict[str, Check] = {"values": _are_values}

_WORDS: dict[Check, str] = {
    _are_columns: "descriptions of columns",
    _are_tried: "decibels by methods, each a finite number or null",
    _are_values: "finite numbers by name, or null",
    _is_amount: "a finite number from 0 up",
    _is_margin: "a finite number from 0 up, or null",
    _is_ratio: "a number from 0 to 1, or NaN",
    _is_decibels: "a finite number, or null",
    _is_flag: "true or false",
    _is_count: "a whole number from 0 up",
    _is_positive: "a finite number above 0",
    _is_samples: "a whole number above 0",
    _is_text: "text",
    _is_name: "letters, digits and _, at most 100",
    _are_keys: "the keys of a spec with their values",
    _is_fabric: "costs on an FPGA, or null",
    _is_system: "costs on a machine, or null",
    _is_by_layer: "the designs of the layers of a network, or null",
    _are_texts: "a list of texts",
    _are_blocks: "a list of blocks with name, area_um2 and energy_pj",
}

FACTS: dict[str, Check] = {
    "spec": _is_text,
    "design": _is_text,
    "slug": _is_name,
    "keys": _are_keys,
    "lanes": _is_samples,
    "bits": _is_positive,
}
COST: dict[str, Check] = {
    "area_um2": _is_amount,
    "energy_pj": _is_amount,
    "delay_ns": _is_amount,
    "clock_ns": _is_positive,
    "macs_per_cycle": _is_positive,
    "area_error": _is_margin,
    "energy_error": _is_margin,
    "delay_error": _is_margin,
    "technology": _is_text,
    "method": _is_text,
    "breakdown": _are_blocks,
    "fabric": _is_fabric,
    "system": _is_system,
    "by_layer": _is_by_layer,
    "bits_per_element": _is_positive,
}
AIMS: dict[str, Check] = {"objectives": _are_texts, "where": _are_texts}
SETTINGS: dict[str, Check] = {"space": _are_texts, "data_dir": _is_text, "columns": _are_columns}
OPTIONAL = frozenset(
    {"fabric", "system", "columns", "by_layer", "bits_per_element", "methods"} | {"methods_tried"}
)
"""Members that documents of sweeps without them may lack."""

ACCURACY: dict[str, Check] = {
    "value": _is_ratio,
    "low": _is_ratio,
    "high": _is_ratio,
    "confidence": _is_ratio,
    "float_value": _is_ratio,
    "agreement": _is_ratio,
    "correct": _is_count,
    "samples": _is_samples,
    "mcnemar_p": _is_ratio,
    "sqnr_db": _is_decibels,
    "kl_divergence": _is_margin,
    "scales": _is_text,
    "methods": _is_text,
    "methods_tried": _are_tried,
    "scale_spread": _is_ratio,
    "requantize": _is_flag,
    "metric": _is_text,
    "network": _is_text,
}


OTHER_ACCURACY: dict[str, Check] = {
    name: check
    for name, check in ACCURACY.items()
    if name not in {"correct", "agreement", "mcnemar_p", "kl_divergence"}
} | dict.fromkeys(
    (
        *("value", "low", "high", "float_value", "scale_spread"),
        *("difference", "difference_low", "difference_high"),
    ),
    _is_decibels,
)
"""Members of the score by a metric that counts no right answers. Its values may be any numbers."""


def checked_accuracy(document: Any) -> dict[str, Any]:
    """Check a document of `Accuracy.to_json`, as `checked` does, by the metric that it is of."""
    is_other = isinstance(document, Mapping) and "difference" in document
    return checked("accuracy", document, OTHER_ACCURACY if is_other else ACCURACY)


def read_accuracy(text: Any) -> dict[str, Any]:
    """Parse and check a document of `Accuracy.to_json`, as `read` does."""
    return checked_accuracy(read("accuracy", text, {}))


def checked(name: str, document: Any, members: Mapping[str, Check]) -> dict[str, Any]:
    """Check the members of a document. Returns the document with printable texts.

    Members that are not in `members` are allowed and not checked.

    Args:
        name: name of the document, for errors.
        document: the document.
        members: check function of each member. Those in `OPTIONAL` may be missing.

    Raises:
        ValueError: the document is not a JSON object, or a member is missing or wrong. The message
            names the member.
    """
    if not isinstance(document, Mapping):
        raise ValueError(f"{name} is no JSON object")
    for member, check in members.items():
        if member not in document:
            if member in OPTIONAL:
                continue
            raise ValueError(f"{name} lacks {member}")
        if not check(document[member]):
            raise ValueError(f"{name}.{member} is {_short(document[member])}, not {_WORDS[check]}")
    shown: dict[str, Any] = _printable(document)
    return shown


def read(name: str, text: Any, members: Mapping[str, Check]) -> dict[str, Any]:
    """Parse a document from JSON text and check it with `checked`.

    Raises:
        ValueError: the value is not text, is not JSON, or does not pass the checks.
    """
    if not isinstance(text, str):
        raise ValueError(f"{name} is no text")
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{name} is no JSON: {error}") from error
    except RecursionError as error:
        raise ValueError(f"{name} is nested too deeply") from error
    return checked(name, document, members)


def error_bytes(errors: Any, samples: int) -> bytes:
    """Convert the output errors of all samples to the bytes that a store keeps.

    Raises:
        ValueError: `errors` is not a float32 vector with one number per sample, or a number is
            negative or NaN. Infinity is allowed.
    """
    if not isinstance(errors, np.ndarray) or errors.dtype != np.float32:
        raise ValueError("errors are no float32 array")
    if errors.shape != (samples,):
        raise ValueError(f"errors of shape {errors.shape} for {samples} samples")
    if not (errors >= 0).all():
        raise ValueError("errors below 0 or NaN")
    return errors.astype(_STORED).tobytes()


def read_errors(content: Any, samples: int) -> npt.NDArray[np.float32]:
    """The output errors of all samples from the bytes in a store, as a read-only array.

    Raises:
        ValueError: the content is not bytes of float32 numbers, or as in `error_bytes`.
    """
    if not isinstance(content, bytes) or len(content) % _STORED.itemsize:
        raise ValueError("errors are no numbers of four bytes")
    found = np.frombuffer(content, _STORED).astype(np.float32)
    error_bytes(found, samples)
    found.flags.writeable = False
    return found


def outcome_bytes(outcomes: Any, samples: int) -> bytes:
    """The bytes of the outcomes of all samples, for the store.

    Raises:
        ValueError: `outcomes` is not a uint8 vector with one number per sample, or has unknown
            bits.
    """
    if not isinstance(outcomes, np.ndarray) or outcomes.dtype != np.uint8:
        raise ValueError("outcomes are no uint8 array")
    if outcomes.shape != (samples,):
        raise ValueError(f"outcomes of shape {outcomes.shape} for {samples} samples")
    if (outcomes > (RIGHT | AGREES)).any():
        raise ValueError("outcomes with unknown bits")
    return outcomes.tobytes()


def read_outcomes(content: Any, samples: int) -> npt.NDArray[np.uint8]:
    """The outcomes of all samples from the bytes in a store, as a read-only array.

    Raises:
        ValueError: the content is not bytes, or as in `outcome_bytes`.
    """
    if not isinstance(content, bytes):
        raise ValueError("outcomes are no bytes")
    found = np.frombuffer(content, np.uint8)
    outcome_bytes(found, samples)
    return found


def text(name: str, value: Any) -> str:
    """A text from a store, made printable.

    Raises:
        ValueError: the value is not text.
    """
    if not isinstance(value, str):
        raise ValueError(f"{name} is no text")
    return printable(value)


def write(document: Mapping[str, Any]) -> str:
    """JSON text of a document. Equal documents give equal texts."""
    return json.dumps(_printable(document), sort_keys=True, separators=(",", ":"))


def _printable(value: Any) -> Any:
    match value:
        case str():
            return printable(value)
        case Mapping():
            return {printable(str(key)): _printable(item) for key, item in value.items()}
        case list() | tuple():
            return [_printable(item) for item in value]
        case _:
            return value


def _short(value: Any) -> str:
    text = printable(repr(value))
    return text if len(text) <= 40 else f"{text[:40]}..."
