"""Downloads the wheel of a package with pip, without installing anything.

pip's own settings hold: PIP_INDEX_URL, PIP_NO_INDEX, PIP_FIND_LINKS, proxies and pip.conf.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from hwdse.errors import ToolError
from hwdse.tools.tool import reason

_PIP = (sys.executable, "-m", "pip")
_OPTIONS = (
    *("--quiet", "--no-input", "--disable-pip-version-check", "--no-color"),
    *("--no-deps", "--only-binary=:all:", "--retries=2"),
)


def download(package: str, version: str, wheel: str, folder: Path) -> None:
    """Download a wheel without what it depends on.

    Args:
        package: name of the package.
        version: its version.
        wheel: name of the wheel's file. Its tags say for which Python and which machine it is made,
            which may be others than those that run: only its files are of interest.
        folder: folder for the file.

    Raises:
        ToolError: pip is missing, no such wheel is found, or the index cannot be reached.
    """
    command = [*_PIP, "download", *_OPTIONS, *_tags(wheel), "--dest", str(folder)]
    done = subprocess.run(
        [*command, f"{package}=={version}"],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        stdin=subprocess.DEVNULL,
    )
    log = done.stdout + done.stderr
    if "No module named pip" in log:
        raise ToolError(
            f"package {package} {version} cannot be downloaded: {sys.executable} has no pip; get "
            "it with: python -m ensurepip"
        )
    if done.returncode:
        offline = "; the package index cannot be reached" if "connection" in log.lower() else ""
        said = reason(log).removeprefix("ERROR: ")
        raise ToolError(f"package {package} {version} cannot be downloaded: pip: {said}{offline}")


def _tags(wheel: str) -> Sequence[str]:
    """Options that choose a wheel made for another Python or another machine than these."""
    python, abi, platforms = wheel.removesuffix(".whl").split("-")[-3:]
    if platforms == "any":
        return ()
    return (
        f"--implementation={python[:2]}",
        f"--python-version={python[2]}.{python[3:]}",
        f"--abi={abi}",
        *(f"--platform={platform}" for platform in platforms.split(".")),
    )
