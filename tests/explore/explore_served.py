"""The explorer page, served by the command."""

import re
import subprocess
import sys
from contextlib import contextmanager


@contextmanager
def served(place, *options):
    """The address of the page of a store, served by the command."""
    command = [sys.executable, "-c", "import sys; from hwdse.cli import main; sys.exit(main())"]
    with subprocess.Popen(
        [*command, "serve", str(place), "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        line = server.stdout.readline()
        try:
            yield re.match(r"(http://127\.0\.0\.1:\d+/)  \(Ctrl-C ends it\)", line)[1]
        finally:
            server.terminate()
            _, said = server.communicate(timeout=30)
        assert said == ""
