import os
import subprocess
import sys
from importlib import import_module

import click
import pytest

import hwdse
from hwdse.cli import COMMANDS, main


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "hwdse.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


def test_help_and_version(capsys):
    assert main([]) == 0
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in COMMANDS)
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"hwdse, version {hwdse.__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_summary_help_and_json(name, capsys):
    module, summary = COMMANDS[name]
    command = getattr(import_module(module), name.replace("-", "_"))
    assert isinstance(command, click.Command)
    assert command.help.splitlines()[0] == summary
    parts = [[part] for part in command.commands] if isinstance(command, click.Group) else [[]]
    for part in parts:
        assert main([name, *part, "--help"]) == 0
        assert "--json" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fly"], "unknown command 'fly': hwdse --help lists all"),
        (["--fly"], "No such option"),
        (["formats", "--fly"], "No such option"),
        (["rtl", "int8"], "unexpected extra argument"),
        (["cost"], "Missing argument 'SPEC...'"),
        (["pareto"], "Missing argument 'STORE'"),
        (["explore", "--jobs", "0"], "'--jobs': 0 is not in the range"),
        (["explore", "--jobs", "many"], "'many' is not a valid integer"),
        (["explore", "--samples", "-1"], "not in the range"),
        (["accuracy", "a=int8,acc=kulisch"], "Give a network: either --network NAME or --onnx"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(arguments, message, capsys):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("hwdse: error: ")
    assert message in err
    assert err.count("\n") == 1


def test_help_does_not_load_what_it_does_not_need():
    code = (
        "import sys; from hwdse.cli import main; main(['--help']);"
        "heavy = {'pandas', 'matplotlib', 'numba', 'plotly', 'amaranth', 'onnx', 'sklearn'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_module_runs_as_a_program(tmp_path):
    done = run("formats", "nothing", cwd=tmp_path, env=program_environment())
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("hwdse: error: unknown format 'nothing'")
    assert done.stderr.count("\n") == 1


def program_environment():
    path = [entry for entry in sys.path if entry]
    return os.environ | {"PYTHONPATH": os.pathsep.join(path)}


def test_reader_that_stops_reading_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    with subprocess.Popen(
        [sys.executable, "-m", "hwdse.cli", "formats", "e4m3fn"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        env=program_environment(),
    ) as process:
        os.close(writing)
        assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        *([name, "a=nosuch,acc=int:32"] for name in ("cost", "verify", "generate", "mutate")),
        *([name, "acc=int:32,a=nosuch"] for name in ("prove", "accuracy", "system")),
        ["explore", "nosuch.toml"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_bad_input_is_refused_before_slow_modules_are_loaded(arguments, tmp_path):
    code = (
        "import sys; from hwdse.cli import main; status = main(sys.argv[1:]);"
        "heavy = {'amaranth', 'numba', 'scipy', 'pandas', 'matplotlib', 'onnx'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert "nosuch" in done.stderr
