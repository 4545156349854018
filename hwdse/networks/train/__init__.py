"""Scripts that train the bundled networks and write them to models/ (see models/README.md)."""
