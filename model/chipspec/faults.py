"""Faults of the analog part: devices that do not move, lines that are open, converters that are damaged."""

from __future__ import annotations

from pydantic import Field

from crosschop.model.chipspec.section import Section


class ArrayFaults(Section):
    """Faults of one array. Which devices and lines are hit follows from `faults.seed`; they add to what the device
    model says of its own yield (`device.*.stuck`)."""

    stuck: float = Field(default=0.0, ge=0, le=1, description="share of the devices that never move")
    stuck_conductance: float | None = Field(
        default=None,
        ge=-2,
        le=2,
        description="conductance that they hold, weight units, within the bounds of each; null = either bound, at "
        "random",
    )
    dead_rows: int = Field(default=0, ge=0, le=4096, description="open row lines: no pulses arrive, reads zero")
    dead_columns: int = Field(default=0, ge=0, le=4096, description="open column lines: no pulses arrive, reads zero")


class ConverterFaults(Section):
    """Faults of one ADC."""

    clip: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="share of the full scale at which the codes saturate, rounded down to a code",
    )
    missing_every: int | None = Field(
        default=None,
        ge=2,
        le=65535,
        description="every so-many-th code never appears, its range belongs to the code below; null = none",
    )
    missing_first: int = Field(
        default=1, ge=-32767, le=32767, description="one of the missing codes, from which the others count"
    )


class Faults(Section):
    """Faults of the analog part, for what they do to training; the digital part does not know of them."""

    seed: int = Field(default=1, ge=0, le=2**32 - 1, description="seed of the places")
    a: ArrayFaults | None = Field(default=None, description="gradient array A; null = none")
    w: ArrayFaults | None = Field(default=None, description="weight array W; null = none")
    r: ArrayFaults | None = Field(default=None, description="reference array R; null = none")
    adc: ConverterFaults | None = Field(default=None, description="ADC of forward and backward passes; null = none")
    read_adc: ConverterFaults | None = Field(default=None, description="ADC of the transfer read; null = none")
