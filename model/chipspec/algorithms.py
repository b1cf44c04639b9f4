"""The sections `algorithm` and what stands below them: one class per training algorithm.

Symbols are those of Rasch et al., Nat. Commun. 15:7133 (2024).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crosschop.model.chipspec.section import Section, Variant


class Chop(Section):
    """When the chopper of a column flips."""

    mode: Literal["regular", "random", "off"] = Field(default="regular", description="flip rule")
    period: int | None = Field(
        default=None, ge=1, le=65535, description="regular: reads of a column per chop period, 1 / rho"
    )
    probability: float | None = Field(
        default=None, gt=0, lt=1, description="random: chance rho of a flip at each read of a column"
    )

    @model_validator(mode="after")
    def _matches_mode(self) -> Chop:
        needed = {"regular": "period", "random": "probability", "off": None}[self.mode]
        for key in ("period", "probability"):
            given = getattr(self, key) is not None
            if given and key != needed:
                raise ValueError(f"{key} does not go with mode {self.mode!r}")
            if not given and key == needed:
                raise ValueError(f"mode {self.mode!r} needs {key}")
        return self


class _Algorithm(Variant):
    """Base of all algorithms."""

    name: str
    learning_rate: float = Field(gt=0, le=10, description="learning rate of the weights, lambda")


class TransferAlgorithm(_Algorithm):
    """Base of the algorithms that accumulate on A and move column reads of it to W."""

    transfer_every: int = Field(ge=1, le=65535, description="updates between two column reads, n_s")
    gamma0: float = Field(gt=0, le=1e9, description="accumulation length gamma_0 of Eq 14")
    eta0: float | None = Field(
        default=None, gt=0, le=100, description="update rate of A in running averages of x and d, eta_0 of Eq 15"
    )
    lambda_a: float | None = Field(
        default=None, gt=0, le=1000, description="constant update rate of A, lambda_A, in place of eta0"
    )
    warmup_sweeps: int = Field(
        default=0, ge=0, le=65535, description="sweeps over the array during which pulses to W are held back"
    )
    column_order: Literal["sequential", "random"] = Field(
        default="sequential", description="columns are read in turn, or drawn with replacement"
    )
    read_correction: int | None = Field(
        default=None,
        ge=2,
        le=255,
        description="divide each read's gain by its index within the chop period of its column, at most by this "
        "number; goes with a chopper; null = no correction",
    )

    @property
    def chopper(self) -> Chop:
        """When choppers flip; algorithms without choppers have them off."""
        return Chop(mode="off")

    @model_validator(mode="after")
    def _one_rate(self) -> TransferAlgorithm:
        if (self.eta0 is None) == (self.lambda_a is None):
            raise ValueError("either eta0 or lambda_a must be given, not both")
        return self

    @model_validator(mode="after")
    def _correction_within_a_period(self) -> TransferAlgorithm:
        if self.read_correction is not None and self.chopper.mode == "off":
            raise ValueError("read_correction needs a chopper: without chop periods the index of a read never ends")
        return self


class Ttv2(TransferAlgorithm):
    """TTv2: reads A - R, no choppers (Gokmen, Front. Artif. Intell. 4 (2021); Eq 10)."""

    name: Literal["ttv2"] = Field(description="training algorithm")


class ChoppedTtv2(TransferAlgorithm):
    """Chopped-TTv2: reads A - R under choppers (Eq 11)."""

    name: Literal["c_ttv2"] = Field(description="training algorithm")
    chop: Chop = Field(description="chopper")

    @property
    def chopper(self) -> Chop:
        """When choppers flip."""
        return self.chop


class Agad(TransferAlgorithm):
    """AGAD: choppers and a dynamic reference P^ref, no array R needed (Eqs 12, 13)."""

    name: Literal["agad"] = Field(description="training algorithm")
    beta: float = Field(gt=0, le=1, description="leaky-mean constant of P; 1 removes the store of P")
    chop: Chop = Field(description="chopper")

    @property
    def chopper(self) -> Chop:
        """When choppers flip."""
        return self.chop


class InMemorySgd(_Algorithm):
    """In-memory SGD: the pulses of each sample go straight to W; no array A, no digital state."""

    name: Literal["in_memory_sgd"] = Field(description="training algorithm")


class MixedPrecision(_Algorithm):
    """Mixed precision: a digital matrix chi accumulates the gradients, W is programmed once per batch."""

    name: Literal["mixed_precision"] = Field(description="training algorithm")
    batch: int = Field(default=100, ge=1, le=65535, description="samples between two programmings of W")
    operand_bits: int = Field(default=12, ge=2, le=16, description="bits of the signed codes of x and d")
    x_full_scale: float = Field(gt=0, le=1000, description="input x of the largest code; beyond it the code clips")
    d_full_scale: float = Field(gt=0, le=1000, description="error d of the largest code; beyond it the code clips")


Algorithm = Annotated[Ttv2 | ChoppedTtv2 | Agad | InMemorySgd | MixedPrecision, Field(discriminator="name")]
