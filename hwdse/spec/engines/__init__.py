"""Engines: units with several streams and a schedule. Each module defines one.

An engine is a `hwdse.spec.unit.Unit`. Its hardware lies in `hwdse.hdl.units`, its golden schedule
in `hwdse.golden.engines`, and its traces in `hwdse.verify.engines`.
"""

from hwdse.plugins import load_modules

load_modules(__name__, __path__)
