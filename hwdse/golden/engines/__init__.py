"""Golden schedules of engines: values and cycles, one module per engine."""
