"""External programs: one module finds and runs each, and says in one line what is wrong with it."""
