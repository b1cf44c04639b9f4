"""Where the state of the shipped controllers stands in their RTL: a hierarchical name, a word, a bit."""

from __future__ import annotations

from dataclasses import dataclass

from crosschop.model.chipspec import ChipSpec, beats, controller_kind
from crosschop.model.faults.fields import Field
from crosschop.model.faults.upset import Upset

# The instance of the controller in every bench.
DUT = "dut"
_SCHEDULER = "xc_transfer_scheduler_inst"
_MIXED_SCHEDULER = "xc_mixed_scheduler_inst"
_OPERANDS = "xc_mixed_operands_inst"
_STORE = "xc_state_store_inst"


@dataclass(frozen=True)
class RtlBit:
    """A bit of a register or of a memory.

    Attributes:
        path: names from the bench down.
        word: of a memory; None for a register.
        bit: within word or register.
    """

    path: tuple[str, ...]
    word: int | None
    bit: int


def _ram(spec: ChipSpec, *names: str) -> tuple[str, ...]:
    ports = "gen_one_port" if spec.controller.memory_ports == 1 else "gen_two_ports"
    return (*names, ports, "ram_inst", "mem")


def _registers(spec: ChipSpec) -> dict[str, tuple[str, ...]]:
    """Registers by field, names below the controller."""
    if controller_kind(spec) == "mixed_precision":
        return {"column": (_MIXED_SCHEDULER, "col_reg"), "samples": (_MIXED_SCHEDULER, "sample_reg")}
    if controller_kind(spec) == "in_memory_sgd":
        return {"number": ("gen_trace", "trc_sample_reg")}
    return {
        "chop": ("xc_chopper_inst", "gen_on", "chop_reg"),
        "lfsr": ("xc_chopper_inst", "gen_on", "gen_random", "xc_lfsr_inst", "state_reg"),
        "column": (_SCHEDULER, "col_reg"),
        "position": (_SCHEDULER, "gen_random", "position_reg"),
        "address": (_SCHEDULER, "addr_reg"),
        "samples": (_SCHEDULER, "sample_reg"),
        "sweep": (_SCHEDULER, "sweep_reg"),
        "column_lfsr": (_SCHEDULER, "gen_random", "xc_lfsr_inst", "state_reg"),
        "reads": ("xc_read_index_inst", "gen_count", "gen_in_step", "sweep_reg"),
    }


def _memories(spec: ChipSpec) -> dict[str, tuple[str, ...]]:
    """Memories by field, names below the controller."""
    if controller_kind(spec) == "mixed_precision":
        names = {"chi": ("chi_ram_inst",), "d": (_OPERANDS, "d_ram_inst"), "x": (_OPERANDS, "x_ram_inst")}
    else:
        names = {
            "h": (_STORE, "h_ram_inst"),
            "p": (_STORE, "gen_p", "p_ram_inst"),
            "pref": (_STORE, "gen_pref", "pref_ram_inst"),
            "reads": ("xc_read_index_inst", "gen_count", "gen_per_column", "count_ram_inst"),
        }
    return {field: _ram(spec, *path) for field, path in names.items()}


def rtl_bit(spec: ChipSpec, field: Field, upset: Upset) -> RtlBit:
    """The bit of an upset in the shipped RTL.

    Args:
        spec: the chip.
        field: the upset's field; not a stream.
        upset: which bit.
    """
    if field.kind != "memory":
        bit = upset.place if field.kind == "signs" else upset.bit
        return RtlBit((DUT, *_registers(spec)[field.name]), None, bit)
    entries = field.word_bits // field.bits
    per_column = spec.array.rows if field.places == spec.array.rows * spec.array.cols else field.places
    words = beats(spec) if per_column != field.places else 0
    column, entry = divmod(upset.place, per_column)
    word, slot = divmod(entry, entries)
    return RtlBit((DUT, *_memories(spec)[field.name]), column * words + word, slot * field.bits + upset.bit)
