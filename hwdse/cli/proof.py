"""`hwdse prove`: proves by SAT that parts of a design are correct for all inputs."""

import click

from hwdse.cli.counts import Count
from hwdse.cli.output import json_option, print_json
from hwdse.errors import VerificationError
from hwdse.explore.progress import ConsoleReporter
from hwdse.spec import Design
from hwdse.verify.formal import Verdict, claims_of, decide, raise_unproven


@click.command()
@click.argument("spec")
@click.option(
    "--timeout",
    "timeout_s",
    default=300,
    show_default=True,
    type=Count(1, 1_000_000),
    help="Seconds that one claim may take.",
)
@json_option
def prove(*, spec: str, timeout_s: int, as_json: bool) -> None:
    """Prove by SAT that parts of a design are right for all inputs.

    Claims cover decoders, multipliers of narrow operands, exact accumulators, encoders, and whole
    mul and fma units of narrow operands. For every part without a claim, the command prints the
    reason. The reference of a claim is independent of the hardware: values of the golden model, or
    Verilog written after the standards.

    Exit status 0: all claims are proven. 1: a claim is refuted (the command prints the decoded
    inputs) or was not decided in time. 2: no part of the design has a claim.
    """
    design = Design.parse(spec)
    found = claims_of(design)
    verdicts: list[Verdict] = []
    with ConsoleReporter() as reporter:
        reporter.start("claims decided", len(found.claims))
        for claim in found.claims:
            verdicts += decide([claim], timeout_s=timeout_s)
            reporter.advance(claim.name)
    if as_json:
        print_json(
            {
                "spec": str(design),
                "proven": all(verdict.proven for verdict in verdicts),
                "claims": [verdict.to_json() for verdict in verdicts],
                "unclaimed": list(found.unclaimed),
            }
        )
    else:
        for verdict in verdicts:
            told = verdict.to_json()["verdict"]
            click.echo(f"{told:9}  {verdict.seconds:6.1f} s  {verdict.name}")
        for reason in found.unclaimed:
            click.echo(f"no claim              {reason}")
    try:
        raise_unproven(verdicts)
    except VerificationError as error:
        raise VerificationError(f"{design}: {error}") from error
