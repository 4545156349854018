"""Living here, this file puts tests/hdl on the import path, where the gate-level runner is."""
