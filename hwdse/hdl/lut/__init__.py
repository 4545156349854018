"""Parts of the table-lookup engine: tables of activations, columns of weights, and their sums."""

from hwdse.plugins import load_modules

load_modules(__name__, __path__)
