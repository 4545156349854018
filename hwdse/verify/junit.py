"""Writes verification results as JUnit XML, which CI systems can show."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from hwdse.writing import writable_folder, write_file


@dataclass(frozen=True, kw_only=True)
class Result:
    """The verification result of one design.

    Attributes:
        spec: canonical spec of the design.
        vectors: number of compared outputs.
        seconds: duration of the verification.
        failure: description of the failure. Empty if the verification passed.
    """

    spec: str
    vectors: int
    seconds: float
    failure: str = ""


def junit(results: Sequence[Result], level: str) -> str:
    """Return the XML text, with one test case per design."""
    suite = ElementTree.Element(
        "testsuite",
        name=f"hwdse verify, level {level}",
        tests=str(len(results)),
        failures=str(sum(bool(result.failure) for result in results)),
        errors="0",
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    for result in results:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname="hwdse.verify",
            name=result.spec,
            time=f"{result.seconds:.3f}",
        )
        properties = ElementTree.SubElement(case, "properties")
        ElementTree.SubElement(properties, "property", name="vectors", value=str(result.vectors))
        if result.failure:
            first, *_ = result.failure.splitlines()
            failure = ElementTree.SubElement(case, "failure", message=first)
            failure.text = result.failure
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def write_junit(path: Path, results: Sequence[Result], level: str) -> None:
    """Write the XML file. If writing fails, there is no incomplete file.

    Raises:
        OutputError: the file cannot be written.
    """
    writable_folder(path.parent)
    write_file(path, junit(results, level))
