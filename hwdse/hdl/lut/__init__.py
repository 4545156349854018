"""Parts of the table-lookup engine: tables of activations, columns of weights, and their sums."""
