"""`hwdse require`: what a network needs, before any design."""

import click

from hwdse import networks
from hwdse.cli.counts import Count
from hwdse.cli.memory_formats import store_option, stored_formats
from hwdse.cli.network_options import GivenNetworks, network_options
from hwdse.cli.output import json_option, percent, print_json, print_table
from hwdse.cost.system import Requirement
from hwdse.cost.system import require as needed
from hwdse.cost.system.requirement import EIGHT_BITS
from hwdse.explore.record import four_digits

_KIBI, _KILO, _MEGA = 1024, 1e3, 1e6


@click.command()
@network_options(data=False, metric=False)
@click.option(
    "--latency-ms",
    type=click.FloatRange(min=0, min_open=True),
    required=True,
    help="Time for all samples of a batch in ms.",
)
@click.option("--batch", type=Count(1), default=1, show_default=True, help="Samples at a time.")
@click.option(
    "--clock-ns",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Clock period to count multipliers for.",
)
@store_option("8 bits, partial sums 32")
@json_option
def require(
    *,
    given: GivenNetworks,
    latency_ms: float,
    batch: int,
    clock_ns: float,
    store: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say what speed, bandwidth and capacity a network needs, before any design.

    Speed and bandwidth are the least with which the network can be done in the time: every
    multiplier works in every cycle, and no memory ever waits. The bandwidth is given by capacity of
    the on-chip memory, with the tiles that move the least.
    """
    loaded = given.source.load()
    workloads = [item.batched(batch) for item in networks.profile(loaded).workloads]
    bits = EIGHT_BITS.with_formats(stored_formats(store))
    found = needed(workloads, latency_ms, bits)
    if as_json:
        print_json(
            {
                "network": loaded.name,
                "batch": batch,
                "clock_ns": clock_ns,
                "products_per_cycle": found.products_per_cycle(clock_ns),
                **found.to_json(),
            }
        )
        return
    _show(found, loaded.name, batch, clock_ns)


def _show(found: Requirement, network: str, batch: int, clock_ns: float) -> None:
    samples = "1 sample" if batch == 1 else f"{batch} samples"
    click.echo(f"{network}, {samples} in {found.latency_ms:g} ms.")
    print_table(
        ["layer", "MACs", "share", "inputs kB", "second kB", "results kB", "MAC/byte"],
        [
            [
                need.workload.site,
                str(need.workload.macs),
                percent(need.workload.macs / found.macs),
                four_digits(need.a_bytes / _KILO),
                four_digits(need.b_bytes / _KILO),
                four_digits(need.out_bytes / _KILO),
                four_digits(need.macs_per_byte),
            ]
            for need in found.layers
        ],
    )
    click.echo(
        f"\nSpeed: {found.macs} MACs, {four_digits(found.gmacs_per_s)} * 10^9 MAC/s, "
        f"{four_digits(found.products_per_cycle(clock_ns))} per cycle of {clock_ns:g} ns."
    )
    click.echo(
        f"Capacity: {four_digits(found.weight_bytes / _KILO)} kB keep all weights on the chip, "
        f"{four_digits(found.activation_bytes / _KILO)} kB all inputs and results of a layer."
    )
    click.echo("Bandwidth, if each layer reads from the off-chip memory and writes to it:")
    print_table(
        ["on-chip KiB", "off-chip MB", "10^9 byte/s"],
        [
            [
                str(traffic.sram_bytes // _KIBI),
                four_digits(traffic.dram_bytes / _MEGA),
                four_digits(traffic.gb_per_s),
            ]
            for traffic in found.traffic
        ],
    )
    click.echo("More on-chip memory moves no less: every value moves once.")
