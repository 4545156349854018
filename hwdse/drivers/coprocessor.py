"""Software of the co-processor: the register table as JSON, a Python driver, and a C header."""

import json
from typing import Any

from hwdse.drivers import files
from hwdse.drivers.c_header import c_header
from hwdse.resources import resource
from hwdse.spec import Axi, Design
from hwdse.spec.coprocessor_registers import ERRORS
from hwdse.spec.registers import RegisterTable

#: The Python driver.
DRIVER = "coprocessor.py"


@files.register
def _(bus: Axi, design: Design, top: str) -> dict[str, str]:
    table = bus.registers(design)
    return {
        DRIVER: resource("sims", "axi", DRIVER).read_text(encoding="utf-8"),
        f"{top}_registers.json": json.dumps(as_json(table), indent=2) + "\n",
        f"{top}.h": c_header(table, str(design), top),
    }


def as_json(table: RegisterTable) -> dict[str, Any]:
    """The register table as plain data, as the Python driver reads it."""
    return {
        "registers": {
            register.name: {
                "offset": register.offset,
                "kind": register.kind,
                "bits": register.bits,
                "value": register.value,
                "always": register.always,
                "meaning": register.meaning,
                "fields": {
                    part.name: {"low": part.low, "bits": part.bits, "meaning": part.meaning}
                    for part in register.fields
                },
            }
            for register in table
        },
        "errors": {
            name: {"code": code, "meaning": meaning} for name, (code, meaning) in ERRORS.items()
        },
    }
