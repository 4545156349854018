"""Units without clock or running sum, one module each."""

from hwdse.plugins import load_modules

load_modules(__name__, __path__)
