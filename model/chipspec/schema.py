"""What a chipspec may say: one pydantic model per section, strict keys, unit and range with every key.

The descriptions below are the documentation: chipspecs/README.md is generated from them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crosschop.model.chipspec.algorithms import (
    Agad,
    Algorithm,
    ChoppedTtv2,
    InMemorySgd,
    MixedPrecision,
    TransferAlgorithm,
    Ttv2,
)
from crosschop.model.chipspec.devices import Device
from crosschop.model.chipspec.dut import DeviceUnderTest
from crosschop.model.chipspec.faults import Faults
from crosschop.model.chipspec.section import Section, Variant, given

ControllerKind = Literal["transfer", "in_memory_sgd", "mixed_precision"]
Rounding = Literal["half_up", "floor", "to_zero"]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Array(Section):
    """Shape of the crossbar arrays A and W (and R)."""

    rows: int = Field(ge=1, le=4096, description="outputs d, ADC channels of a column read")
    cols: int = Field(ge=1, le=4096, description="inputs x; a transfer reads one column")


class Devices(Section):
    """Devices of each array."""

    a: Device | None = Field(default=None, description="gradient array A; null = no such array")
    w: Device = Field(description="weight array W")


class ReferenceArray(Section):
    """Reference array R, programmed once: r = target + N(mean, std) (Eq 9); the array that the samples update, A or in
    in-memory SGD W, is then read as A - R or W - R."""

    target: Literal["symmetry_point", "zero"] = Field(
        default="symmetry_point", description="what each element of R is programmed to before the offset"
    )
    mean: float = Field(default=0.0, ge=-2, le=2, description="mean offset mu_R, in weight units")
    std: float = Field(default=0.0, ge=0, le=2, description="spread of the offset sigma_R, in weight units")


class Driver(Section):
    """Pulse driver: how an outer product becomes coincidences of pulse trains."""

    max_pulses: int = Field(ge=1, le=62, description="longest pulse train l_max, slots")
    pulse_train_management: bool = Field(
        default=True, description="true: train as short as the largest element needs; false: always max_pulses"
    )
    average_momentum: Fraction = Field(
        default=0.99, description="momentum of the running averages mu_x and mu_d of Eq 15"
    )


class Converter(Section):
    """A DAC or an ADC. `bits: null` means ideal (no quantisation)."""

    bits: int | None = Field(ge=2, le=16, description="resolution; null = ideal")
    full_scale: float = Field(gt=0, le=1000, description="input value of the largest code; beyond it the code clips")
    noise: float = Field(default=0.0, ge=0, le=100, description="standard deviation of the noise before conversion")


class Adc(Converter):
    """An ADC: a converter that several lines may share."""

    lines_per_adc: int = Field(
        default=1,
        ge=1,
        le=4096,
        description="lines that share one ADC and are converted one after the other: rows, in a backward pass columns; "
        "above 1 it needs timing.conversion_ns",
    )


class ReadConverter(Adc):
    """ADC of the transfer read: its codes are the controller's input, so it is never ideal."""

    bits: int = Field(ge=2, le=16, description="bits of a signed ADC code")


class Converters(Section):
    """Converters of the periphery."""

    dac: Converter = Field(description="inputs of forward and backward passes, in units of the vector's maximum")
    adc: Adc = Field(description="outputs of forward and backward passes on W")
    read_adc: ReadConverter | None = Field(
        default=None,
        description="transfer read of A, in weight units; its own range, since a one-hot read of |a| <= 1 would use "
        "a small part of the range of a full product",
    )


class Hidden(Section):
    """Number format of the hidden matrix H, or of chi in mixed precision; one device pulse is 1."""

    bits: int = Field(ge=4, le=32, description="bits of an entry, signed; H saturates at its range")
    frac_bits: int = Field(ge=1, le=30, description="bits below one pulse")
    rate_bits: int = Field(default=12, ge=1, le=16, description="bits of the gain mantissa (lambda_H in integers)")
    rounding: Rounding = Field(default="half_up", description="rounding of z * lambda_H before it is added")
    max_steps: int = Field(default=1, ge=1, le=15, description="most pulses per element and transfer")
    reset: Literal["subtract", "decay"] = Field(
        default="subtract", description="what a write leaves in H: H - pulses sent, or momentum * H"
    )
    momentum_shift: int | None = Field(
        default=None, ge=1, le=15, description="decay: momentum = 2^-momentum_shift (toward zero); null = momentum 0"
    )

    @model_validator(mode="after")
    def _one_pulse_fits(self) -> Hidden:
        if self.max_steps << self.frac_bits > (1 << (self.bits - 1)) - 1:
            raise ValueError(
                f"max_steps * 2^frac_bits = {self.max_steps << self.frac_bits} exceeds the largest H of {self.bits} "
                f"bits, {(1 << (self.bits - 1)) - 1}"
            )
        if self.momentum_shift is not None and self.reset != "decay":
            raise ValueError("momentum_shift goes with reset 'decay' only")
        return self


class Reference(Section):
    """Number format of P and P^ref: an ADC code with `p_bits - read_adc.bits` fraction bits."""

    p_bits: int = Field(ge=2, le=32, description="bits of an entry of P and P^ref, at least the bits of the read ADC")
    beta_bits: int = Field(default=8, ge=1, le=16, description="bits of beta below the point")
    rounding: Rounding = Field(default="half_up", description="rounding of (omega - p) * beta before it is added")


class Controller(Section):
    """The digital controller."""

    lanes: int | None = Field(
        default=None, ge=1, le=4096, description="rows handled per cycle, L; null in in-memory SGD, which has none"
    )
    memory_ports: Literal[1, 2] = Field(
        default=2,
        description="ports of the memories; 2: one to read, one to write; 1: one for both, so that the lanes take a "
        "beat every other cycle",
    )
    lane_stages: Literal[3, 4] = Field(
        default=3,
        description="cycles of a lane of a controller with an array A; 4: the pulses are formed a cycle behind the "
        "sum, for a faster clock; needs two memory ports",
    )
    trace: bool = Field(default=True, description="retire trace port (false removes it; verify needs it)")
    lfsr_seed: int = Field(
        default=0x1D872B41, ge=1, le=0x7FFFFFFF, description="first state of the random chopper's LFSR"
    )
    column_seed: int = Field(
        default=0x2C9277B5, ge=1, le=0x7FFFFFFF, description="first state of the random column order's LFSR"
    )


class Timing(Section):
    """Durations of the analog operations; each takes a whole number of clock cycles, rounded up."""

    clock_ns: float = Field(ge=0.01, le=1000, description="clock period, ns")
    pulse_ns: float = Field(gt=0, le=1e6, description="one pulse slot, ns")
    polarity_phases: Literal[1, 2] = Field(
        default=1, description="1: both polarities share a slot; 2: positive and negative pulses in turn"
    )
    mvm_ns: float = Field(gt=0, le=1e6, description="one matrix-vector product, so one column read, ns")
    conversion_ns: float = Field(
        default=0.0,
        ge=0,
        le=1e6,
        description="one conversion of an ADC after the product, ns; 0: part of mvm_ns. A column read takes one for "
        "each line of converter.read_adc.lines_per_adc before its first code beat",
    )
    forward_ns: float | None = Field(
        default=None,
        gt=0,
        le=1e6,
        description="forward pass of a sample on W, for estimates alone, ns; null = mvm_ns and the conversions of "
        "converter.adc",
    )
    backward_ns: float | None = Field(
        default=None,
        gt=0,
        le=1e6,
        description="backward pass of a sample on W, for estimates alone, ns; null = mvm_ns and the conversions of "
        "converter.adc",
    )


class _Task(Variant):
    """Base of all tasks."""

    name: str
    samples: int = Field(ge=1, le=10**9, description="input samples of a run")
    input_std: float = Field(default=1.0, gt=0, le=100, description="standard deviation of the inputs")


class WeightProgramming(_Task):
    """Weight programming: a linear layer learns a target matrix from random inputs."""

    name: Literal["weight_programming"] = Field(description="training task")
    target_std: float = Field(default=0.3, gt=0, le=2, description="standard deviation of the target weights")
    target_limit: float = Field(
        default=1.0, gt=0, le=10, description="targets beyond +-target_limit are drawn again (W cannot hold them)"
    )


class ConstantGradient(_Task):
    """Constant gradient, as in Fig. 3: x = -X, d = a X + (1 - a) Y with X, Y random; it does not depend on W."""

    name: Literal["constant_gradient"] = Field(description="training task")
    correlation: Fraction = Field(description="a, the share of X in d; the mean gradient of the diagonal is -a")


class ChipSpec(Section):
    """One chip: everything that the RTL, the golden model, the arrays and the estimates derive from."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="name of the chip, lower case")
    summary: str = Field(description="one line: what the chip is for")
    notes: str | None = Field(default=None, description="evidence for the settings, provenance")
    array: Array
    device: Devices
    array_r: ReferenceArray | None = Field(default=None, description="reference array R; null = no such array")
    driver: Driver | None = Field(
        default=None, description="pulse driver of the array that samples update; null = no such array"
    )
    converter: Converters
    algorithm: Algorithm = Field(description="training algorithm and its hyper-parameters")
    hidden: Hidden | None = Field(default=None, description="number format of H or chi; null = no such matrix")
    reference: Reference | None = Field(
        default=None, description="number format of P and P^ref of AGAD; null = no such matrices"
    )
    controller: Controller = Field(default=Controller(), description="the digital controller")
    dut: DeviceUnderTest | None = Field(default=None, description="controller of the user's; null = the shipped one")
    timing: Timing
    task: WeightProgramming | ConstantGradient = Field(discriminator="name", description="what is trained")
    faults: Faults | None = Field(default=None, description="faults of the analog part; null = none")

    @model_validator(mode="after")
    def _sections_of_the_algorithm(self) -> ChipSpec:
        sections = {
            "device.a": self.device.a,
            "array_r": self.array_r,
            "driver": self.driver,
            "converter.read_adc": self.converter.read_adc,
            "hidden": self.hidden,
            "reference": self.reference,
            "controller.lanes": self.controller.lanes,
        }
        needed, optional = _SECTIONS[type(self.algorithm)]
        for name, section in sections.items():
            if section is None and name in needed:
                raise ValueError(f"algorithm {self.algorithm.name} needs {name}")
            if section is not None and name not in needed | optional:
                raise ValueError(f"{name} does not go with algorithm {self.algorithm.name}; null removes it")
        return self

    @model_validator(mode="after")
    def _one_zero(self) -> ChipSpec:
        """What stands for weight 0 is told in one place: by array_r where there may be one."""
        array, device = ("w", self.device.w) if self.device.a is None else ("a", self.device.a)
        if self.device.a is None and self.array_r is None:
            return self
        for key in ("zero_at_symmetry_point", "sigma_zero"):
            if getattr(device, key, None):
                raise ValueError(f"device.{array}.{key} does not go with this array: array_r tells what weight 0 is")
        return self

    @model_validator(mode="after")
    def _faults_of_what_there_is(self) -> ChipSpec:
        """A fault hits an array or converter that the chip has, within its lines and codes."""
        if self.faults is None:
            return self
        arrays = {"a": self.device.a, "w": self.device.w, "r": self.array_r}
        for name, array in arrays.items():
            found = getattr(self.faults, name)
            if found is None:
                continue
            if array is None:
                raise ValueError(f"faults.{name} does not go with this chip, which has no array {name.upper()}")
            for key, lines in (("dead_rows", self.array.rows), ("dead_columns", self.array.cols)):
                if getattr(found, key) > lines:
                    raise ValueError(
                        f"faults.{name}.{key} = {getattr(found, key)} exceeds the {lines} lines of the array"
                    )
        for name, converter in (("adc", self.converter.adc), ("read_adc", self.converter.read_adc)):
            damage = getattr(self.faults, name)
            if damage is None:
                continue
            if converter is None:
                raise ValueError(f"faults.{name} does not go with this chip, which has no converter.{name}")
            if converter.bits is None:
                if damage.missing_every is not None:
                    raise ValueError(
                        f"faults.{name}.missing_every needs converter.{name}.bits: an ideal ADC has no codes"
                    )
            elif damage.clip * ((1 << (converter.bits - 1)) - 1) < 1:
                raise ValueError(f"faults.{name}.clip = {damage.clip} leaves no code of {converter.bits} bits but 0")
        return self

    @model_validator(mode="after")
    def _square_for_a_diagonal(self) -> ChipSpec:
        if isinstance(self.task, ConstantGradient) and self.array.rows != self.array.cols:
            raise ValueError(
                f"task constant_gradient needs a square array, got {self.array.rows} rows and {self.array.cols} cols"
            )
        return self

    @model_validator(mode="after")
    def _p_holds_a_code(self) -> ChipSpec:
        if not isinstance(self.algorithm, Agad):
            return self
        bits = given(self.converter.read_adc).bits
        p_bits = given(self.reference).p_bits
        if not bits <= p_bits <= bits + 16:
            raise ValueError(
                f"reference.p_bits = {p_bits} must lie between converter.read_adc.bits = {bits} and {bits + 16}"
            )
        if self.algorithm.beta == 1 and p_bits != bits:
            raise ValueError(
                f"reference.p_bits = {p_bits} must equal converter.read_adc.bits = {bits} when algorithm.beta is 1: "
                "P is the last code"
            )
        return self

    @model_validator(mode="after")
    def _memories_to_have_ports(self) -> ChipSpec:
        if isinstance(self.algorithm, InMemorySgd) and self.controller.memory_ports != 2:
            raise ValueError(
                f"controller.memory_ports = {self.controller.memory_ports} does not go with algorithm in_memory_sgd: "
                "its controller has no memory"
            )
        return self

    @model_validator(mode="after")
    def _lanes_to_have_stages(self) -> ChipSpec:
        if self.controller.lane_stages == 3:
            return self
        if not isinstance(self.algorithm, TransferAlgorithm):
            raise ValueError(
                f"controller.lane_stages = {self.controller.lane_stages} does not go with algorithm "
                f"{self.algorithm.name}: only controllers with an array A have such lanes"
            )
        if self.controller.memory_ports == 1:
            raise ValueError(
                f"controller.lane_stages = {self.controller.lane_stages} does not go with controller.memory_ports = 1: "
                "a write-back would meet the read of the beat four cycles later"
            )
        return self

    @model_validator(mode="after")
    def _shared_adcs(self) -> ChipSpec:
        """Lines that share an ADC exist, and their conversions take time."""
        rows, cols = self.array.rows, self.array.cols
        shared = {"adc": (self.converter.adc, max(rows, cols), "the longer side of the array")}
        if self.converter.read_adc is not None:
            shared["read_adc"] = (self.converter.read_adc, rows, "array.rows")
        for name, (converter, most, of_what) in shared.items():
            lines = converter.lines_per_adc
            if lines > most:
                raise ValueError(f"converter.{name}.lines_per_adc = {lines} exceeds {of_what}, {most}")
            if lines > 1 and self.timing.conversion_ns == 0:
                raise ValueError(
                    f"converter.{name}.lines_per_adc = {lines} needs timing.conversion_ns above 0: at 0 the conversion "
                    "is part of timing.mvm_ns, which cannot be repeated; set it to the time of one conversion"
                )
        return self

    @model_validator(mode="after")
    def _chi_is_subtracted(self) -> ChipSpec:
        if isinstance(self.algorithm, MixedPrecision) and given(self.hidden).reset != "subtract":
            raise ValueError("hidden.reset must be subtract in mixed precision: chi keeps what W did not get")
        return self

    @model_validator(mode="after")
    def _fields_to_hide(self) -> ChipSpec:
        if self.dut is not None:
            self.dut.check_kind(self.kind)
        return self

    @property
    def kind(self) -> ControllerKind:
        """What kind of controller the algorithm needs: engines, cycle model and RTL go by it."""
        if isinstance(self.algorithm, InMemorySgd):
            return "in_memory_sgd"
        if isinstance(self.algorithm, MixedPrecision):
            return "mixed_precision"
        return "transfer"

    @property
    def transfer(self) -> TransferAlgorithm:
        """The algorithm of a chip with a gradient array A.

        Raises:
            TypeError: the chip has none.
        """
        if not isinstance(self.algorithm, TransferAlgorithm):
            raise TypeError(f"{self.algorithm.name} moves nothing from A to W")
        return self.algorithm

    @property
    def lanes(self) -> int:
        """Rows that the controller handles per cycle, L.

        Raises:
            TypeError: the chip's controller has no lanes.
        """
        if self.controller.lanes is None:
            raise TypeError(f"{self.algorithm.name} has no lanes")
        return self.controller.lanes

    @property
    def beat_interval(self) -> int:
        """Cycles from one beat of the lanes to the next: with one memory port, read and write-back take turns."""
        return 3 - self.controller.memory_ports

    @property
    def gradient_device(self) -> Device:
        """The device of A.

        Raises:
            TypeError: the chip has no A.
        """
        if self.device.a is None:
            raise TypeError(f"{self.algorithm.name} has no array A")
        return self.device.a


# Sections that an algorithm needs, and those that it may have; nothing else.
_TRANSFER = frozenset({"device.a", "driver", "converter.read_adc", "hidden", "controller.lanes"})
_NONE: frozenset[str] = frozenset()
_SECTIONS: dict[type[Section], tuple[frozenset[str], frozenset[str]]] = {
    Ttv2: (_TRANSFER | {"array_r"}, _NONE),
    ChoppedTtv2: (_TRANSFER | {"array_r"}, _NONE),
    Agad: (_TRANSFER | {"reference"}, frozenset({"array_r"})),
    InMemorySgd: (frozenset({"driver"}), frozenset({"array_r"})),
    MixedPrecision: (frozenset({"hidden", "controller.lanes"}), _NONE),
}
