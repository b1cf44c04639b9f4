"""Schedules against the cycle models, event by event, against golden runs, and with passes on W against bounds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from test_cycles import BUSY, TIGHT, Run, runs

from crosschop.model.chipspec import (
    ChipSpec,
    controller_kind,
    load_chipspec,
    mixed_section,
    rtl_configuration,
    rtl_parameters,
    shipped_chipspecs,
)
from crosschop.model.cycles import READ_BEGIN, CycleConfig, cycle_config, update_cycles
from crosschop.model.cycles import finish_cycles as finish_transfers
from crosschop.model.cycles import new_timeline as transfer_timeline
from crosschop.model.cycles import step_cycles as step_transfer
from crosschop.model.cycles_in_memory_sgd import BEGIN, update_durations
from crosschop.model.cycles_in_memory_sgd import finish_cycles as finish_updates
from crosschop.model.cycles_in_memory_sgd import new_timeline as update_timeline
from crosschop.model.cycles_in_memory_sgd import step_cycles as step_update
from crosschop.model.cycles_mixed_precision import finish_cycles as finish_batches
from crosschop.model.cycles_mixed_precision import mixed_durations
from crosschop.model.cycles_mixed_precision import new_timeline as mixed_timeline
from crosschop.model.cycles_mixed_precision import step_cycles as step_batches
from crosschop.model.engines import run_golden
from crosschop.model.errors import CrosschopError
from crosschop.model.estimate.time.schedule import (
    Interval,
    Passes,
    Schedule,
    Workload,
    new_schedule,
    pass_durations,
    schedule_batches,
    schedule_transfers,
    schedule_updates,
    stores,
)
from crosschop.model.estimate.time.schedule.events import LANES, A, W, check_exclusive
from crosschop.model.golden.in_memory_sgd import reset_state as reset_updates
from crosschop.model.golden.mixed_precision import mixed_config, reset_mixed
from crosschop.model.golden.state import HEAD_COLUMN, HEAD_WRITE, Transfer, controller_config, new_transfer, reset_state
from crosschop.model.training import in_memory_sgd as train_updates
from crosschop.model.training import mixed_precision as train_batches
from crosschop.model.training import transfer as train_transfers

NO_FLIPS = np.zeros(0, dtype=bool)
Counts = dict[str, int]


def random_work(spec: ChipSpec, units: int, seed: int) -> Workload:
    """Any train lengths and writes; a unit is a transfer, an update or a batch."""
    generator, kind = np.random.default_rng(seed), controller_kind(spec)
    if kind == "mixed_precision":
        samples = units * mixed_section(spec).batch
        wrote = generator.random((units, spec.array.cols)) < generator.random((units, 1))
        return Workload(np.zeros(samples, dtype=np.int64), wrote, NO_FLIPS)
    assert spec.driver is not None
    n_s = 1 if kind == "in_memory_sgd" else spec.transfer.transfer_every
    lengths = generator.integers(0, spec.driver.max_pulses + 1, units * n_s)
    lengths[: units * n_s // 3] = 0  # a stretch of empty trains stalls
    return Workload(lengths, generator.random(0 if kind == "in_memory_sgd" else units) < 0.5, NO_FLIPS)


def modelled(spec: ChipSpec, work: Workload) -> tuple[Counts, list[int]]:
    """Counters of the cycle model, and the first cycle of every read, update or operand request of a batch."""
    starts: list[int] = []
    kind = controller_kind(spec)
    if kind == "mixed_precision":
        mixed, batch = mixed_durations(spec), mixed_section(spec).batch
        passes = mixed_timeline(mixed)
        for sample in range(len(work.lengths)):
            if sample % batch == 0:
                starts.append(int(passes.request[0]))
            last = sample % batch == batch - 1
            step_batches(mixed, passes, last, int(work.wrote[sample // batch].sum()) if last else 0)
        return finish_batches(passes), starts
    if kind == "in_memory_sgd":
        durations, updates = update_durations(spec), update_timeline()
        for length in work.lengths:
            step_update(durations, updates, int(length))
            starts.append(int(updates.marks[BEGIN]))
        return finish_updates(updates), starts
    return modelled_transfers(cycle_config(spec), spec.transfer.transfer_every, work)


def modelled_transfers(config: CycleConfig, n_s: int, work: Workload) -> tuple[Counts, list[int]]:
    timeline, starts = transfer_timeline(config), []
    for transfer, wrote in enumerate(work.wrote):
        lengths = work.lengths[transfer * n_s : (transfer + 1) * n_s]
        step_transfer(config, timeline, sum(update_cycles(config.pulse, int(one)) for one in lengths), bool(wrote))
        starts.append(int(timeline.marks[READ_BEGIN]))
    return finish_transfers(timeline), starts


def compare(schedule: Schedule, counts: Counts, starts: list[int]) -> None:
    assert list(schedule.starts) == starts
    assert schedule.counts() == counts


@pytest.mark.parametrize("name", [path.stem for path in shipped_chipspecs()])
def test_equals_the_cycle_model(name: str) -> None:
    spec = load_chipspec(name)
    overrides = ["algorithm.batch=3"] if controller_kind(spec) == "mixed_precision" else []
    spec = load_chipspec(name, overrides)
    for seed in range(3):
        work = random_work(spec, 3 if overrides else 60, seed)
        compare(new_schedule(spec, work), *modelled(spec, work))


def as_work(run: Run) -> tuple[int, Workload]:
    lengths = np.array([length for lengths, _ in run for length in lengths], dtype=np.int64)
    return len(run[0][0]), Workload(lengths, np.array([wrote for _, wrote in run]), NO_FLIPS)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(runs())
def test_equals_the_cycle_model_of_any_durations(drawn: tuple[CycleConfig, Run]) -> None:
    n_s, work = as_work(drawn[1])
    for config in (drawn[0], drawn[0]._replace(samples_wait=False)):
        compare(schedule_transfers(config, ("H",), n_s, work), *modelled_transfers(config, n_s, work))


def test_a_wrong_schedule_is_seen() -> None:
    """One cycle less or more in the lanes; a retirement in the cycle of the handshake; other durations."""
    n_s, work = as_work(BUSY)
    expected = modelled_transfers(TIGHT, n_s, work)
    compare(schedule_transfers(TIGHT, ("H",), n_s, work), *expected)
    for latency in (3, 5):
        with pytest.raises(AssertionError):
            compare(schedule_transfers(TIGHT._replace(latency=latency), ("H",), n_s, work), *expected)
    for change in ({"read": 4}, {"conversion": 1}, {"beats": 21}, {"write": 7}, {"pulse": 2}, {"depth": 59}):
        with pytest.raises(AssertionError):
            compare(schedule_transfers(TIGHT._replace(**change), ("H",), n_s, work), *expected)

    spec = load_chipspec("in_memory_sgd_20")
    work = random_work(spec, 20, 1)
    with pytest.raises(AssertionError):
        compare(schedule_updates(update_durations(spec), work, retirement=0), *modelled(spec, work))

    spec = load_chipspec("mixed_precision_20", ["algorithm.batch=2"])
    work = random_work(spec, 2, 1)
    with pytest.raises(AssertionError):
        compare(schedule_batches(mixed_durations(spec), 2, work, latency=3), *modelled(spec, work))


# ---------------------------------------------------------------- golden runs


def quiet(done: int) -> None:
    """Progress that nobody watches."""


def transfers_of(spec: ChipSpec, count: int) -> Workload:
    config = controller_config(rtl_parameters(spec), rtl_configuration(spec))
    state, transfer = reset_state(config), new_transfer(config)
    session = train_transfers.new_session(spec, 1, count)
    lengths, wrote = [], []
    for _ in range(count):
        lengths.append(session.group.length.copy())
        train_transfers.run_golden(session, config, state, transfer, 1)
        wrote.append(bool(transfer.head[HEAD_WRITE]))
    return Workload(np.concatenate(lengths), np.array(wrote), NO_FLIPS)


def updates_of(spec: ChipSpec, count: int) -> Workload:
    session, state, lengths = train_updates.new_session(spec, 1, count), reset_updates(), []
    for _ in range(count):
        lengths.append(int(session.length[0]))
        train_updates.run_golden(session, state, 1)
    return Workload(np.array(lengths), np.zeros(0, dtype=bool), NO_FLIPS)


def batches_of(spec: ChipSpec, count: int) -> Workload:
    config, cols, batch = mixed_config(rtl_parameters(spec), rtl_configuration(spec)), spec.array.cols, 5
    state = reset_mixed(config)
    transfer = Transfer(head=np.zeros(4, dtype=np.int64), pulses=np.zeros(spec.array.rows, dtype=np.int64))
    session = train_batches.new_session(spec, 1, count)
    wrote = np.zeros((count // cols // batch, cols), dtype=bool)
    for index in range(count):
        train_batches.run_golden(session, config, state, transfer, 1)
        if transfer.head[HEAD_WRITE]:
            wrote[index // cols // batch, transfer.head[HEAD_COLUMN]] = True
    return Workload(np.zeros(count // cols, dtype=np.int64), wrote, NO_FLIPS)


@pytest.mark.parametrize(("name", "overrides", "of", "count"), [
    ("agad_20", ("hidden.max_steps=2",), transfers_of, 800),
    ("ttv2_20", (), transfers_of, 400),
    ("agad_rect", (), transfers_of, 400),
    ("in_memory_sgd_20", (), updates_of, 500),
    ("mixed_precision_20", ("algorithm.batch=5", "algorithm.learning_rate=0.05"), batches_of, 20 * 40),
])  # fmt: skip
def test_equals_a_golden_run(
    name: str, overrides: tuple[str, ...], of: Callable[[ChipSpec, int], Workload], count: int
) -> None:
    spec = load_chipspec(name, list(overrides))
    result = run_golden(spec, 1, count, quiet)
    work = of(spec, count)
    schedule = new_schedule(spec, work)
    assert schedule.counts() == result.cycles
    if controller_kind(spec) != "in_memory_sgd":
        assert result.cycles["write"] > 0
        wrong = Workload(work.lengths, np.zeros_like(work.wrote), NO_FLIPS)
        assert new_schedule(spec, wrong).counts() != result.cycles
    if controller_kind(spec) != "mixed_precision":
        counted = np.bincount(work.lengths, minlength=result.train_lengths.size)
        assert counted.tolist() == result.train_lengths.tolist()
        assert result.train_length == pytest.approx(work.lengths.mean())


# ---------------------------------------------------------------- passes on W


def order(schedule: Schedule, samples_per_transfer: int) -> None:
    """Each sample has forward, backward, update in turn; writes of W lie between the groups that see them."""
    on_w = schedule.on(W)
    ends = {one.sample: one.end for one in on_w if one.what == "backward"}
    writes = {one.transfer: one for one in on_w if one.what == "write"}
    for one in on_w:
        if one.what == "forward":
            assert one.sample is not None and one.transfer == one.sample // samples_per_transfer
            before, behind = writes.get(one.transfer - 2), writes.get(one.transfer - 1)
            assert before is None or before.end <= one.begin
            assert behind is None or behind.begin >= ends[one.sample]
    for update in (one for one in schedule.on(A) if one.what == "update"):
        assert update.begin > ends[update.sample]


@pytest.mark.parametrize(
    "name", [path.stem for path in shipped_chipspecs() if load_chipspec(path).device.a is not None]
)
def test_passes_keep_the_order_of_training(name: str) -> None:
    spec = load_chipspec(name)
    for overrides in ((), ("timing.forward_ns=3", "timing.backward_ns=2")):
        spec = load_chipspec(name, list(overrides))
        schedule = new_schedule(spec, random_work(spec, 40, 1), passes=True)
        order(schedule, spec.transfer.transfer_every)
    wrong = [one._replace(begin=one.begin - 3, end=one.end - 3) if one.what == "update" else one
             for one in schedule.intervals]  # fmt: skip
    with pytest.raises(AssertionError):
        order(Schedule(tuple(wrong), schedule.starts, schedule.end), spec.transfer.transfer_every)


def test_pass_durations() -> None:
    """A product of 40 ns and eight conversions of 5 ns; keys that say otherwise."""
    spec = load_chipspec("agad_512", ["timing.conversion_ns=40"])
    assert pass_durations(spec) == Passes(80, 80, (40, 40))
    spec = load_chipspec("agad_512", ["timing.forward_ns=33.5", "timing.clock_ns=2"])
    assert pass_durations(spec) == Passes(17, 20)


def test_two_things_at_once_are_seen() -> None:
    with pytest.raises(CrosschopError, match="two things at once"):
        check_exclusive([Interval(LANES, 0, 5, "digital"), Interval(LANES, 4, 6, "digital")])
    with pytest.raises(CrosschopError):
        check_exclusive([Interval(LANES, 5, 5, "digital")])
    check_exclusive([Interval(LANES, 0, 5, "digital"), Interval(LANES, 5, 6, "digital"), Interval(W, 1, 2, "write")])


def test_ports_follow_the_stores() -> None:
    """H of every chip; P^ref is written where a column flips, and read always."""
    spec = load_chipspec("agad_20")
    work = random_work(spec, 30, 2)
    work = Workload(work.lengths, work.wrote, np.arange(30) % 10 == 9)
    schedule = new_schedule(spec, work)
    assert stores(spec) == ("H", "P", "P^ref")
    depth, beats = 20 * 4, 4
    for store in stores(spec):
        assert schedule.total(f"{store} read port", "read") == 30 * beats
        assert schedule.total(f"{store} write port", "clear") == depth
    assert schedule.total("H write port", "write") == schedule.total("P write port", "write") == 30 * beats
    assert schedule.total("P^ref write port", "write") == 3 * beats
    assert stores(load_chipspec("ttv2_20")) == ("H",)
    assert stores(load_chipspec("agad_beta1")) == ("H", "P^ref")
    assert stores(load_chipspec("in_memory_sgd_20")) == ()
