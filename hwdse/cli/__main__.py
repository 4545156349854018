"""Entry point of `python -m hwdse.cli`."""

import sys

from hwdse.cli import main

if __name__ == "__main__":
    sys.exit(main())
