"""Disturbers of accelerators. This module checks their PCIe links and the CPUs that are near."""

from __future__ import annotations

from collections.abc import Iterator

from hwperf.host import pcie
from hwperf.host.accelerator import numa
from hwperf.host.accelerator.found import present
from hwperf.host.accelerator.pci import Attachment, Hop, attachment
from hwperf.host.facts import Unavailable
from hwperf.host.noise.finding import Finding, View
from hwperf.host.processor import format_cpu_list

__all__ = ["far_cpus", "links"]


def links(host: View) -> Iterator[Finding]:
    """Check for links that run below what they could, and for slots that hold a card back."""
    for where in _attached(host):
        for hop in where.hops:
            yield from _negotiated(hop)
        yield from _held_back(where)


def far_cpus(host: View) -> Iterator[Finding]:
    """Check for accelerators whose NUMA node has no CPU that we may use, and for several nodes."""
    attached = tuple(_attached(host))
    nodes = sorted({where.numa_node for where in attached if where.numa_node is not None})
    for where in attached:
        if where.numa_node is None:
            continue
        why = numa.why_none(where.address, allowed=host.cpus, root=host.root)
        if "may use" in why:
            yield Finding(
                f"no CPU near the accelerator {where.address} may be used",
                why,
                "medium",
                "Host buffers lie far from it: widen the affinity (taskset), or use numactl "
                f"--cpunodebind={where.numa_node}.",
            )
    if len(nodes) > 1:
        yield Finding(
            "accelerators sit on several NUMA nodes",
            f"nodes {format_cpu_list(tuple(nodes))}",
            "low",
            "hwperf puts host buffers on the device's own node; start other programs with "
            "numactl --cpunodebind of that node.",
        )


def _attached(host: View) -> Iterator[Attachment]:
    for device in present(host.root):
        if device.address:
            try:
                yield attachment(device.address, host.root)
            except Unavailable:  # It left the bus since it was listed.
                continue


def _negotiated(hop: Hop) -> Iterator[Finding]:
    """Yield a finding for a link that was negotiated narrower, or is slower now, than it could be.

    Width stays what it was when the link came up; rate falls while nothing is transferred.
    """
    if hop.lanes is not None and hop.lanes < hop.most_lanes:
        yield Finding(
            f"the PCIe link of {hop.lower} is narrower than it could be",
            f"{hop.lanes} of {hop.most_lanes} lanes",
            "medium",
            "Transfers have that part of the bandwidth: reseat the card, check riser and slot.",
        )
    if hop.rate is not None and hop.rate < hop.most_rate:
        yield Finding(
            f"the PCIe link of {hop.lower} is slow now",
            f"{hop.rate / 1e9:g} of {hop.most_rate / 1e9:g} GT/s",
            "low",
            "Idle links slow down by themselves: look again during a transfer; if it stays, "
            "check the firmware's setting for the slot.",
        )


def _held_back(where: Attachment) -> Iterator[Finding]:
    """Yield a finding for a device that could do more than the narrowest link on its way."""
    narrowest = where.narrowest
    if narrowest is None:
        return
    own = pcie.bandwidth(where.hops[0].own_rate, where.hops[0].own_lanes)
    if narrowest.most_bandwidth < own:
        wanted = pcie.words(where.hops[0].own_rate, where.hops[0].own_lanes)
        offered = pcie.words(narrowest.most_rate, narrowest.most_lanes)
        yield Finding(
            f"the slot of {where.address} holds the accelerator back",
            f"it could have {wanted}, the link from {narrowest.lower} up has {offered}",
            "low",
            "Transfers with the host are bounded by that link; another slot may have more.",
        )
