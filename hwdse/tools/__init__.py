"""External programs. One module per program finds and runs it. Error messages are one line."""
