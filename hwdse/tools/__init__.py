"""External programs. One module per program finds it, runs it and reports its errors in one line."""
