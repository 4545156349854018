"""The command line: `hwdse COMMAND`. Results go to stdout, progress and errors to stderr.

Exit status: 0 means done, 1 means that hardware failed its verification or that designs of a sweep
failed, 2 means bad input, 130 means interrupted.
"""

import io
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module

import click

import hwdse
from hwdse.errors import (
    FailedDesignsError,
    HwdseError,
    SpaceError,
    VerificationError,
    one_line,
    unknown,
)
from hwdse.reading import MAX_TOML, read_text

_BAD_INPUT = 2
_INTERRUPTED = 130

# Command name -> (module, summary). The module defines a function with the name of the command.
# The summary is repeated here so that `hwdse --help` does not load NumPy, Numba and other slow
# imports.
COMMANDS = {
    "formats": ("hwdse.cli.formats", "List number formats, show one, or compare several."),
    "generate": ("hwdse.cli.hardware", "Write verified, self-contained Verilog of a design."),
    "verify": ("hwdse.cli.hardware", "Prove that a design's hardware equals its golden model."),
    "rtl": ("hwdse.cli.hardware", "Regenerate the Verilog of the supported designs, or check it."),
    "mutate": ("hwdse.cli.mutation", "Count injected faults that the verification notices."),
    "prove": ("hwdse.cli.proof", "Prove by SAT that parts of a design are right for all inputs."),
    "calibrate": ("hwdse.cli.calibrate", "Fit the cost model to a cell library or an FPGA."),
    "validate": ("hwdse.cli.calibrate", "Compare cost estimates with measurements."),
    "cost": ("hwdse.cli.estimate", "Estimate area, energy and delay of designs."),
    "accuracy": ("hwdse.cli.accuracy", "Run a network in the arithmetic of designs."),
    "networks": (
        "hwdse.cli.networks",
        "List the networks that can be had by name, and get those that are not shipped.",
    ),
    "ladder": (
        "hwdse.cli.ladder",
        "Measure the designs of a space on four rungs, and how well each rung orders them.",
    ),
    "orders": (
        "hwdse.cli.robustness",
        "Measure how much results depend on the order of the terms of a sum.",
    ),
    "bit-errors": (
        "hwdse.cli.robustness",
        "Measure the accuracy with random errors in each bit of the stored codes.",
    ),
    "system": (
        "hwdse.cli.system",
        "Estimate traffic, cycles and energy of a network on a machine.",
    ),
    "require": (
        "hwdse.cli.require",
        "Say what speed, bandwidth and capacity a network needs, before any design.",
    ),
    "sensitivity": (
        "hwdse.cli.layers",
        "Measure what each layer of a network loses when it alone runs in a design.",
    ),
    "search-layers": (
        "hwdse.cli.layers",
        "Search the design of each layer of a network under a budget.",
    ),
    "learn-codebook": (
        "hwdse.cli.codebook",
        "Learn the levels that suit the weights of a network best.",
    ),
    "run-layer": (
        "hwdse.cli.simulation",
        "Run layers of a network in RTL simulation of a design.",
    ),
    "run-network": (
        "hwdse.cli.simulation",
        "Run a network with all its matrix products in RTL simulation of a design.",
    ),
    "explore": ("hwdse.cli.explore", "Sweep a design space and write the results."),
    "resume": (
        "hwdse.cli.explore",
        "Go on with an interrupted sweep, without its space file.",
    ),
    "pareto": ("hwdse.cli.explore", "Show the Pareto front of a finished or interrupted sweep."),
    "advise": (
        "hwdse.cli.advise",
        "Say what to change in a design, and what would change the front.",
    ),
    "report": ("hwdse.cli.explore", "Write the HTML report of a finished or interrupted sweep."),
    "serve": ("hwdse.cli.serve", "Show the designs of a store in a browser."),
    "store": ("hwdse.cli.store", "Look into stores of sweeps, compare and join them."),
}


# Commands whose arguments are specs.
_TAKE_SPECS = {
    *("generate", "verify", "mutate", "prove", "cost", "accuracy", "system"),
    *("run-layer", "run-network", "sensitivity", "search-layers"),
}
_NO_SPECS = {"--shape", "--image"}
"""Options whose values may look like specs."""
_SPEC = re.compile(r"(.*,)?\s*a=")


def _check_specs(arguments: list[str]) -> None:
    """Parse specs before the modules that work with them are loaded.

    Loading takes seconds. So a wrong spec is refused at once.

    Raises:
        SpecError: a spec is wrong.
    """
    # `--shape a=1x16` fixes an input that is called a.
    pairs = zip(["", *arguments], arguments, strict=False)
    specs = [text for before, text in pairs if before not in _NO_SPECS and _SPEC.match(text)]
    if specs:
        parse = import_module("hwdse.spec").Design.parse
        for spec in specs:
            parse(spec)


class _Commands(click.Group):
    """Loads the module of a command only when the user calls the command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), cmd_name.replace("-", "_"))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(unknown("command", args[0], COMMANDS, "hwdse --help lists all"))
        if args[0] in _TAKE_SPECS:
            _check_specs(args[1:])
        if args[0] == "explore" and args[1:] and not args[1].startswith("-"):
            # As for specs: what is no readable file is refused before slow modules are loaded.
            read_text(args[1], "space file", SpaceError, most=MAX_TOML)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=_Commands, invoke_without_command=True)
@click.version_option(hwdse.__version__, prog_name="hwdse")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Explore number formats, MAC units and matrix engines.

    A SPEC describes a design, such as a=e4m3fn,mul=lmul,acc=fp:fp32,unit=dot,lanes=4. Golden model,
    Verilog, proof, cost and accuracy of the design all follow from the same SPEC.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status. The console script `hwdse` calls this."""
    for stream in (sys.stdout, sys.stderr):
        # File names may contain characters that the terminal cannot show.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of the pipe has ended (`hwdse formats | head`). Python flushes stdout once more
        # at exit. Send this output to the null device, so that the flush does not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _run(arguments: list[str]) -> int:
    try:
        with cli.make_context("hwdse", arguments) as context:
            cli.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        return _fail(one_line(error.format_message()), _BAD_INPUT)
    except (VerificationError, FailedDesignsError) as error:
        # Keep all lines. The first line is the message. The others are the decoded mismatches or
        # the failed designs.
        return _fail(str(error), error.exit_code)
    except HwdseError as error:
        return _fail(one_line(str(error)), error.exit_code)
    except KeyboardInterrupt as interrupt:
        click.echo(f"hwdse: interrupted{interrupt}", err=True)
        return _INTERRUPTED
    return 0


def _fail(message: str, status: int) -> int:
    click.echo(f"hwdse: error: {message}", err=True)
    return status
