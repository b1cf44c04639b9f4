"""The time half of an estimate: what a sample and a transfer take, by phase, in four accounts; see README.md."""

from __future__ import annotations

from dataclasses import dataclass

from crosschop.model.chipspec import ChipSpec, beats, column_cycles, controller_kind, cycles, mixed_section, x_beats
from crosschop.model.cycles import SCHEDULER_PHASES, lane_latency
from crosschop.model.cycles_in_memory_sgd import WAITING_IDLE
from crosschop.model.cycles_mixed_precision import mixed_durations, pass_cycles
from crosschop.model.estimate.quantity import Line, exactly
from crosschop.model.estimate.time.account import Account, AccountName, Occupation, new_account, samples_together
from crosschop.model.estimate.time.activity import Activity, representative, representative_units
from crosschop.model.estimate.time.schedule import Passes, new_schedule, pass_durations, stores
from crosschop.model.estimate.time.schedule.events import (
    CONTROLLER,
    DRIVER,
    LANES,
    READ_ADC,
    A,
    W,
    directions,
    port,
)
from crosschop.model.runtime import PAPER_FLOPS, paper_runtime

# What the controller's states are on the time line of a chip with an array A, or of in-memory SGD.
_STATES = {"update": "pulses", "read": "read", "stall": "stall", "idle": "idle"}
_BESIDE = {
    (READ_ADC, "conversion"): "conversion",
    (LANES, "digital"): "digital",
    (W, "write"): "W write",
    (W, "forward"): "forward",
    (W, "backward"): "backward",
    (READ_ADC, "hold"): "hold",
}


@dataclass(frozen=True)
class TimeEstimate:
    """Time of a chip.

    Attributes:
        spec, activity: of which chip at which work.
        paper: the paper's serial model, Table 1.
        serial: this chip's own cycles, one after the other.
        overlapped: as the RTL runs; forward and backward passes take no time.
        with_passes: overlapped, with both passes on W.
        bounds: closed forms by resource, clock cycles per sample, for `overlapped` and for `with_passes`: the largest
            is the least time per sample that is possible.
        clear_cycles: cycles of the clear sweep, once after reset; in no account.
    """

    spec: ChipSpec
    activity: Activity
    paper: Account
    serial: Account
    overlapped: Account
    with_passes: Account
    bounds: dict[AccountName, dict[str, float]]
    clear_cycles: int

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All four."""
        return self.paper, self.serial, self.overlapped, self.with_passes

    def lines(self) -> list[Line]:
        """Everything, per sample in ns, then utilisation; the clear sweep apart."""
        found = [line for account in self.accounts for line in account.lines()]
        found += [line for account in self.accounts for line in account.utilisation_lines()]
        if self.clear_cycles:
            clear = exactly(self.clear_cycles * self.spec.timing.clock_ns)
            measured = self.activity.origin
            found.append(Line("clear sweep", clear, "ns once after reset", measured, "a word of every store per cycle"))
        return found


def estimate_time(spec: ChipSpec, activity: Activity, digital_flops: float = PAPER_FLOPS) -> TimeEstimate:
    """Time of a chip per sample and transfer.

    Args:
        spec: the chip.
        activity: from `activity_of` a run of this chip, or `assumed_activity`.
        digital_flops: operations per second of the paper's digital unit, for one array.
    """
    kind = controller_kind(spec)
    return TimeEstimate(
        spec=spec,
        activity=activity,
        paper=_paper(spec, activity, digital_flops),
        serial=_serial(spec, activity),
        overlapped=_overlapped(spec, activity),
        with_passes=_scheduled(spec, activity, "overlapped with passes", passes=True),
        bounds={
            "overlapped": steady_bounds(spec, activity),
            "overlapped with passes": steady_bounds(spec, activity, pass_durations(spec)),
        },
        clear_cycles=0 if kind == "in_memory_sgd" else spec.array.cols * beats(spec),
    )


def _paper(spec: ChipSpec, activity: Activity, digital_flops: float) -> Account:
    runtime = paper_runtime(spec, activity.mean_length, digital_flops)
    nanoseconds = {
        "pulses": runtime.pulses_ns,
        "read": runtime.read_ns,
        "digital": runtime.digital_ns,
        "W write": runtime.write_ns,
    }
    return new_account(
        spec,
        "paper",
        {phase: amount / spec.timing.clock_ns for phase, amount in nanoseconds.items()},
        "modelled",
        f"Rasch et al., Nat. Commun. 15:7133 (2024), Table 1, {digital_flops / 1e12:g} TFLOPS",
    )


def _serial(spec: ChipSpec, activity: Activity) -> Account:
    """Nothing overlaps: the lanes are empty before W is written, W is written before the next update."""
    kind, durations = controller_kind(spec), cycles(spec)
    updating = activity.update_cycles(durations.pulse)
    source = f"cycles of this chip in series; {activity.source}"
    if kind == "in_memory_sgd":
        phases: dict[str, float] = {"pulses": updating, "idle": WAITING_IDLE}
    elif kind == "mixed_precision":
        phases = _mixed_phases(spec, activity)
    else:
        every = spec.transfer.transfer_every
        phases = {
            "pulses": updating,
            "read": durations.read / every,
            "conversion": durations.conversion / every,
            "digital": (column_cycles(spec) - 1 + lane_latency(spec)) / every,
            "W write": activity.writes * durations.write / every,
        }
    return new_account(spec, "serial", phases, "modelled", source)


def _mixed_phases(spec: ChipSpec, activity: Activity) -> dict[str, float]:
    """Mixed precision overlaps nothing without the passes on W."""
    config, batch = mixed_durations(spec), mixed_section(spec).batch
    emptied = pass_cycles(config, True, 0) - config.depth  # at the end of a batch, without the writes
    return {
        "request": config.request,
        "digital": config.operands + config.depth,
        "W write": activity.writes * config.cols * config.write / batch,
        "stall": ((batch - 1) * (pass_cycles(config, False, 0) - config.depth) + emptied) / batch,
    }


def _overlapped(spec: ChipSpec, activity: Activity) -> Account:
    if activity.counts is None:
        return _scheduled(spec, activity, "overlapped", passes=False)
    occupation = _counted(spec, activity, activity.counts)
    phases, beside = _on_the_time_line(spec, occupation)
    source = ("counters of the RTL" if activity.origin == "measured" else "cycle model") + f"; {activity.source}"
    return new_account(spec, "overlapped", phases, activity.origin, source, beside, occupation)


def _scheduled(spec: ChipSpec, activity: Activity, name: AccountName, passes: bool) -> Account:
    units = representative_units(spec)
    schedule = new_schedule(spec, representative(spec, activity), passes)
    begin, end = schedule.steady(units)
    samples = units * samples_together(spec)
    occupation = {key: amount / samples for key, amount in schedule.phases(begin, end).items()}
    phases, beside = _on_the_time_line(spec, occupation)
    source = "schedule of the controller" + (" with forward and backward pass on W" if passes else "")
    return new_account(spec, name, phases, "modelled", f"{source}; {activity.source}", beside, occupation)


def _counted(spec: ChipSpec, activity: Activity, counts: dict[str, int]) -> Occupation:
    """Who did what per sample, from the counters of a run."""
    kind, durations, samples = controller_kind(spec), cycles(spec), activity.samples
    per = {phase: count / samples for phase, count in counts.items()}
    slots = activity.mean_length * durations.pulse
    by_read, by_write = directions(spec.beat_interval)
    if kind == "in_memory_sgd":
        return {
            (CONTROLLER, "update"): per["update"],
            (CONTROLLER, "idle"): per["idle"],
            (DRIVER, "update"): slots,
            (W, "update"): per["update"],
        }
    if kind == "mixed_precision":
        config = mixed_durations(spec)
        return {
            (CONTROLLER, "idle"): per["idle"],
            (CONTROLLER, "request"): per["read"],
            (CONTROLLER, "load"): config.operands,
            (CONTROLLER, "pass"): per["stall"] - config.operands,
            (LANES, "digital"): per["digital"] - config.operands,
            (W, "write"): per["write"],
            (port("d", by_write), "write"): beats(spec),
            (port("x", by_write), "write"): x_beats(spec),
            (port("chi", by_write), "write"): config.depth,
            **{(port(store, by_read), "read"): config.depth for store in ("chi", "d", "x")},
        }
    occupation = {
        **{(CONTROLLER, phase): per[phase] for phase in SCHEDULER_PHASES if phase != "clear"},
        (A, "update"): per["update"],
        (A, "read"): per["read"],
        (DRIVER, "update"): slots,
        (READ_ADC, "conversion"): durations.conversion / spec.transfer.transfer_every,
        (READ_ADC, "hold"): per["hold"],
        (LANES, "digital"): per["digital"],
        (W, "write"): per["write"],
    }
    for store in stores(spec):
        occupation[port(store, by_read), "read"] = per["digital"]
        written = activity.flips if store == "P^ref" else 1.0
        occupation[port(store, by_write), "write"] = per["digital"] * written
    return occupation


def _on_the_time_line(spec: ChipSpec, occupation: Occupation) -> tuple[dict[str, float], dict[str, float]]:
    """Phases that follow each other, and work beside them, cycles per sample."""
    kind = controller_kind(spec)
    beside = {phase: occupation.get(key, 0.0) for key, phase in _BESIDE.items()}
    if kind == "mixed_precision":
        # The pass holds beats, writes and waits for them; of the passes on W only the wait for the first shows.
        digital, write = beside.pop("digital"), beside.pop("W write")
        phases = {
            "idle": occupation.get((CONTROLLER, "idle"), 0.0),
            "request": occupation[CONTROLLER, "request"],
            "digital": occupation[CONTROLLER, "load"] + digital,
            "W write": write,
            "stall": occupation[CONTROLLER, "pass"] - digital - write,
        }
        return phases, beside
    phases = {phase: occupation.get((CONTROLLER, state), 0.0) for state, phase in _STATES.items()}
    if kind == "in_memory_sgd":
        # The controller idles while W is in its passes, and nothing else goes on.
        for phase in ("forward", "backward"):
            phases[phase] = beside.pop(phase)
            phases["idle"] -= phases[phase]
    return phases, beside


def steady_bounds(spec: ChipSpec, activity: Activity, passes: Passes | None = None) -> dict[str, float]:
    """Closed forms of the least clock cycles per sample, by what needs them; the largest is the initiation interval.

    Args:
        spec, activity: of which chip at which work.
        passes: forward and backward pass on W, None to leave them out.
    """
    kind, durations = controller_kind(spec), cycles(spec)
    updating = activity.update_cycles(durations.pulse)
    on_w = 0 if passes is None else passes.forward + passes.backward
    if kind == "in_memory_sgd":
        return {W: updating + on_w, "one sample after the other": updating + on_w + WAITING_IDLE}
    if kind == "mixed_precision":
        phases, batch = _mixed_phases(spec, activity), mixed_section(spec).batch
        # The first sample of a batch waits for its passes, which wait for the writes of the batch before.
        wait = 0.0 if passes is None else (on_w + 1) / batch
        return {
            LANES: mixed_durations(spec).depth,
            W: on_w + phases["W write"],
            "one pass over chi after the other": sum(phases.values()) + wait,
        }
    every, column = spec.transfer.transfer_every, column_cycles(spec)
    write = activity.writes * durations.write
    bounds = {
        A: updating + durations.read / every,
        READ_ADC: durations.conversion / every,
        LANES: beats(spec) / every,
        W: on_w + write / every,
        # The next column is read when the codes of the one before are all in.
        "column after column": (durations.read + durations.conversion + column) / every,
    }
    if passes is not None:
        # From the passes of transfer t over its read and write to the passes of t + 2, which see that write.
        digital = column - 1 + lane_latency(spec)
        loop = every * on_w + 1 + updating + durations.read + durations.conversion + digital + write
        bounds["from the passes on W to its write"] = loop / (2 * every)
    return bounds
