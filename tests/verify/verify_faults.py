"""Faults planted in generators: verification must fail, and say what differs."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from hwdse import Design
from hwdse.errors import VerificationError
from hwdse.hdl import emit
from hwdse.verify import verify


@dataclass(frozen=True)
class Fault:
    """One planted fault: `replace` gives the broken version of `module.name`."""

    spec: str
    module: object
    name: str
    replace: Callable[[Callable[..., object]], object]


def with_field(field: str, change: Callable[[object], object]):
    """A `drive` that changes one field of the record."""

    def broken(original):
        def drive(m, interface, **values):
            if field in values:
                values[field] = change(values[field])
            original(m, interface, **values)

        return drive

    return broken


def assert_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant the fault, and see level quick find it and show the first mismatches."""
    original = getattr(fault.module, fault.name)
    monkeypatch.setattr(fault.module, fault.name, fault.replace(original))
    emit.cache_clear()
    try:
        with pytest.raises(VerificationError, match=r"mismatches in \d+ outputs") as caught:
            verify(Design.parse(fault.spec), "quick")
    finally:
        emit.cache_clear()
    shown = str(caught.value).splitlines()
    assert len(shown) >= 2
    assert all("expected" in line or "o_valid" in line for line in shown[1:])
