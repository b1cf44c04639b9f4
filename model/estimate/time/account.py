"""One account of a sample's time: phases, what goes on beside them, utilisation, the bottleneck."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crosschop.model.chipspec import ChipSpec, controller_kind, mixed_section
from crosschop.model.estimate.quantity import Line, Origin, exactly
from crosschop.model.estimate.time.schedule.events import CONTROLLER, DRIVER, LANES, ORDER, is_port

AccountName = Literal["paper", "serial", "overlapped", "overlapped with passes"]
Per = Literal["sample", "transfer"]
Unit = Literal["ns", "cycles"]

# In the order in which they are listed and drawn.
PHASES = (
    "pulses",
    "read",
    "conversion",
    "request",
    "digital",
    "W write",
    "forward",
    "backward",
    "stall",
    "hold",
    "idle",
)
# Cycles by resource and what it does, see schedule/events.py.
Occupation = dict[tuple[str, str], float]

# What a resource does, in a sentence.
_DOING = {
    "update": "pulses",
    "read": "column reads",
    "write": "writes",
    "forward": "forward passes",
    "backward": "backward passes",
    "conversion": "conversions",
    "digital": "beats",
}


@dataclass(frozen=True)
class Account:
    """Time of one sample in one model.

    Attributes:
        name: which of the four.
        phases: clock cycles per sample by phase, one after the other; zero ones are left out.
        beside: the same of work that takes place beside these and adds nothing.
        utilisation: share of the time that a resource works; empty for the paper's model, which has no resources.
        bottleneck: resource with the highest utilisation, "" where there is none.
        sentence: the bottleneck explained.
        clock_ns: clock period.
        samples_per_transfer: samples of a transfer; of a batch in mixed precision.
        origin, source: of every line.
    """

    name: AccountName
    phases: dict[str, float]
    beside: dict[str, float]
    utilisation: dict[str, float]
    bottleneck: str
    sentence: str
    clock_ns: float
    samples_per_transfer: int
    origin: Origin
    source: str

    @property
    def cycles(self) -> float:
        """Clock cycles per sample."""
        return sum(self.phases.values())

    @property
    def ns(self) -> float:
        """Time per sample."""
        return self.cycles * self.clock_ns

    def total(self, per: Per = "sample", unit: Unit = "ns") -> float:
        """Time of a sample or transfer (mixed precision: batch)."""
        return self.cycles * self._scale(per, unit)

    def lines(self, per: Per = "sample", unit: Unit = "ns") -> list[Line]:
        """Phases, work beside them, and the total."""
        scale = self._scale(per, unit)
        named = [(phase, amount) for phase, amount in self.phases.items()]
        named += [(f"{phase} (beside)", amount) for phase, amount in self.beside.items()]
        named.append(("total", self.cycles))
        return [
            Line(f"{self.name}: {what}", exactly(amount * scale), f"{unit} per {per}", self.origin, self.source)
            for what, amount in named
        ]

    def utilisation_lines(self) -> list[Line]:
        """Busy share of every resource that is used."""
        return [
            Line(f"{self.name}: {resource} busy", exactly(100 * share), "percent", self.origin, self.source)
            for resource, share in self.utilisation.items()
        ]

    def _scale(self, per: Per, unit: Unit) -> float:
        return (1 if per == "sample" else self.samples_per_transfer) * (1 if unit == "cycles" else self.clock_ns)


def samples_together(spec: ChipSpec) -> int:
    """Samples of a transfer, 1 in in-memory SGD, of a batch in mixed precision."""
    kind = controller_kind(spec)
    if kind == "mixed_precision":
        return mixed_section(spec).batch
    return 1 if kind == "in_memory_sgd" else spec.transfer.transfer_every


def new_account(
    spec: ChipSpec,
    name: AccountName,
    phases: dict[str, float],
    origin: Origin,
    source: str,
    beside: dict[str, float] | None = None,
    occupation: Occupation | None = None,
) -> Account:
    """An account with its bottleneck named; `occupation` gives utilisation, None where there are no resources."""
    total = sum(phases.values())
    busy: dict[str, float] = {}
    for (resource, what), amount in (occupation or {}).items():
        if resource != CONTROLLER and what not in ("hold", "clear") and amount > 0:
            busy[resource] = busy.get(resource, 0.0) + amount
    ordered = [resource for resource in ORDER if resource in busy] + sorted(one for one in busy if is_port(one))
    utilisation = {resource: busy[resource] / total for resource in ordered}
    bottleneck = max(utilisation, key=lambda one: utilisation[one], default="")
    return Account(
        name=name,
        phases=_in_order(phases),
        beside=_in_order(beside or {}),
        utilisation=utilisation,
        bottleneck=bottleneck,
        sentence=_sentence(spec, utilisation, occupation or {}, total),
        clock_ns=spec.timing.clock_ns,
        samples_per_transfer=samples_together(spec),
        origin=origin,
        source=source,
    )


def _in_order(phases: dict[str, float]) -> dict[str, float]:
    return {phase: phases[phase] for phase in PHASES if phases.get(phase, 0) > 1e-12}


def _sentence(spec: ChipSpec, utilisation: dict[str, float], occupation: Occupation, total: float) -> str:
    """Which resource limits, with what, and which comes next."""
    if not utilisation:
        return ""
    # The driver works where its array does, a port where the lanes do: they do not come next.
    names = sorted(utilisation, key=lambda one: -utilisation[one])
    first = names[0]
    others = [one for one in names[1:] if one != DRIVER and not (is_port(one) and LANES in utilisation)]
    clock = spec.timing.clock_ns
    doing = {
        _DOING[what]: amount for (resource, what), amount in occupation.items() if resource == first and amount > 0
    }
    work = ", ".join(f"{what} {amount * clock:.4g}" for what, amount in doing.items())
    text = f"{first} is busy {utilisation[first]:.1%} of the time ({work} of {total * clock:.4g} ns per sample)"
    return f"{text}; next: {others[0]}, {utilisation[others[0]]:.1%}" if others else text
