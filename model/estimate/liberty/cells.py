"""Which cells of the library are characterised."""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = "sky130_fd_sc_hd__"

# The gates that ABC maps to, in the drive strengths that matter for blocks of this size, and adders
COMBINATIONAL: tuple[str, ...] = (
    *("inv_1", "inv_2", "inv_4", "inv_8", "buf_1", "buf_2", "buf_4", "buf_8", "clkbuf_1", "clkbuf_4"),
    *("nand2_1", "nand2_2", "nand2_4", "nand3_1", "nand4_1", "nand2b_1", "nor2_1", "nor2_2", "nor3_1", "nor4_1"),
    *("nor2b_1", "and2_1", "and2_2", "and3_1", "and4_1", "or2_1", "or2_2", "or3_1", "or4_1"),
    *("xor2_1", "xnor2_1", "xnor2_2", "mux2_1", "mux4_1", "maj3_1", "ha_1", "fa_1"),
    *("a21oi_1", "a21oi_2", "o21ai_1", "o21ai_2", "a22oi_1", "o22ai_1", "a211oi_1", "o211ai_1", "a221oi_1", "o221ai_1"),
    *("a31oi_1", "o31ai_1", "a21o_1", "o21a_1", "a22o_1", "o22a_1"),
)  # fmt: skip


@dataclass(frozen=True)
class FlipFlop:
    """A D flip-flop with output Q that clocks at the rising edge.

    Attributes:
        name: without the prefix of the library.
        clear: pin that holds Q at 0 while it is low, if there is one.
        preset: pin that holds Q at 1 while it is low, if there is one.
    """

    name: str
    clear: str | None = None
    preset: str | None = None

    @property
    def idle(self) -> dict[str, bool]:
        """Levels of the pins that are neither clock nor data, so that the flip-flop works."""
        return {pin: True for pin in (self.clear, self.preset) if pin is not None}


FLIP_FLOPS: tuple[FlipFlop, ...] = (
    *(FlipFlop(f"dfxtp_{drive}") for drive in (1, 2)),
    *(FlipFlop(f"dfrtp_{drive}", clear="RESET_B") for drive in (1, 2)),
    *(FlipFlop(f"dfstp_{drive}", preset="SET_B") for drive in (1, 2)),
)

# Outputs HI and LO are constant
TIE = "conb_1"

NAMES: tuple[str, ...] = (*COMBINATIONAL, *(cell.name for cell in FLIP_FLOPS), TIE)


def drive(name: str) -> int:
    """Drive strength of a cell, the number that its name ends with."""
    return int(name.rpartition("_")[2])
