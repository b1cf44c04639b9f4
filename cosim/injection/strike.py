"""Flips a bit of the RTL in the simulator, between two transfers.

Control state (signs, counters) is flipped in the cycle after the read before has been handed over, where the golden
model has ended its transfer as well. Memories and the word counter are flipped when the transfer before has written
back: in the cycle of its last trace beat, in front of the first beat of the next. In mixed precision all is flipped in
front of the first beat of a pass.
"""

from __future__ import annotations

from typing import Any

from cocotb.triggers import ClockCycles, FallingEdge, ValueChange

from crosschop.cosim.injection.places import RtlBit, rtl_bit
from crosschop.model.chipspec import ChipSpec, controller_kind
from crosschop.model.faults.fields import field_of
from crosschop.model.faults.upset import Upset

# Behind the write-back; everything else follows the read.
_BEHIND_WRITE_BACK = ("h", "p", "pref", "address")


def _find(dut: Any, place: RtlBit) -> Any:
    handle = dut
    for name in place.path:
        handle = getattr(handle, name)
    return handle if place.word is None else handle[place.word]


async def _until(signal: Any, count: int) -> None:
    """Waits for a counter of the bench to reach a value."""
    while not (signal.value.is_resolvable and int(signal.value.to_unsigned()) == count):
        await ValueChange(signal)


async def _until_high(clk: Any, *signals: Any) -> None:
    """Waits for the middle of a cycle in which all signals are high."""
    while True:
        await FallingEdge(clk)
        if all(signal.value == 1 for signal in signals):
            return


async def strike(dut: Any, spec: ChipSpec, upset: Upset) -> None:
    """Flips the bit of an upset once, in the segment that begins now.

    Args:
        dut: the bench.
        spec: the chip.
        upset: which bit and when; transfer 2 or later, so that the reset is over.
    """
    field = field_of(spec, upset.field)
    if field.kind == "stream":
        return  # it is flipped where the bench hands it over
    await ClockCycles(dut.clk, 2)  # counters of the bench are those of this segment
    kind = controller_kind(spec)
    if kind == "mixed_precision":
        await _until(dut.requests, upset.transfer // spec.array.cols + 1)
        await _until_high(dut.clk, dut.dut.xc_mixed_scheduler_inst.beat_valid)
    elif kind == "in_memory_sgd":
        await _until(dut.updates, upset.transfer)
        await ClockCycles(dut.clk, 1)  # the update before retires in this cycle
        await FallingEdge(dut.clk)
    elif field.name in _BEHIND_WRITE_BACK:
        await _until(dut.ret_count, upset.transfer - 1)
        await _until_high(dut.clk, dut.trc_valid, dut.trc_last)
    else:
        await _until(dut.reads, upset.transfer)
        await FallingEdge(dut.clk)
    place = rtl_bit(spec, field, upset)
    handle = _find(dut, place)
    handle.value = int(handle.value.to_unsigned()) ^ (1 << place.bit)
