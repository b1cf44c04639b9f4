"""What an estimate assumes beyond the chipspec."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from crosschop.model.chipspec import ChipSpec
from crosschop.model.chipspec.section import Section


class AreaOptions(Section):
    """Options of the estimate of area."""

    node_nm: float = Field(default=22, ge=14, le=130, description="node of the chip, nm, by its name")
    feature_nm: float | None = Field(
        default=None,
        gt=0,
        le=500,
        description="F of the cells counted in F2, nm; null = the node's name, which is not its half pitch",
    )
    memory: Literal["cacti", "openram"] = Field(
        default="cacti", description="SRAM from CACTI's tables, or from open macros of SKY130 (130 nm only)"
    )
    read_conversion_ns: float | None = Field(
        default=None,
        gt=0,
        le=1e6,
        description="one conversion of a read ADC, ns; null = timing.conversion_ns, or timing.mvm_ns where that is 0",
    )
    lines_per_adc: int | None = Field(
        default=None,
        ge=1,
        le=4096,
        description="rows or columns of W that share one ADC of forward and backward passes; null = "
        "converter.adc.lines_per_adc",
    )
    bits_of_ideal: int = Field(default=8, ge=2, le=16, description="bits of a converter that the chipspec has as ideal")
    r_shares_drivers: bool = Field(
        default=False, description="true: the column drivers of A select the cells of R too; R has its rows' only"
    )
    r_has_adcs: bool = Field(
        default=False, description="true: R is converted apart from A and subtracted as codes; false: in analog"
    )


def rows_per_adc(spec: ChipSpec) -> int:
    """Rows that share one ADC of the transfer read, one after the other (converter.read_adc.lines_per_adc)."""
    return int(getattr(spec.converter.read_adc, "lines_per_adc", 1))


def lines_per_adc(spec: ChipSpec) -> int:
    """Rows or columns of W that share one ADC of forward and backward passes (converter.adc.lines_per_adc)."""
    return int(getattr(spec.converter.adc, "lines_per_adc", 1))


def memory_ports(spec: ChipSpec) -> int:
    """Ports of the controller's memories (controller.memory_ports): 2 = one to read and one to write, as built."""
    return int(getattr(spec.controller, "memory_ports", 2))
