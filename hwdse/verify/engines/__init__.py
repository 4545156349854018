"""Traces of engines, one module per engine, from the golden schedules."""

from hwdse.plugins import load_modules

load_modules(__name__, __path__)
