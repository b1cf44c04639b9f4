"""What the native benches and their Python have in common: places in `io`, what can be asked for, what is answered.

cosim/native/library.py hands them to C++ by their names in capitals.
"""

from __future__ import annotations

from typing import NamedTuple

from crosschop.model.cycles import PHASES


class Place(NamedTuple):
    """Places in the array `io` of a bench; what a kind of controller does not have is not used."""

    # Set before the bench is made
    reset_cycles: int = 0
    initial_seed: int = 1
    patience: int = 2
    cfg_transfer_every: int = 3
    cfg_lr_h: int = 4
    cfg_chop: int = 5
    cfg_warmup: int = 6
    cfg_batch: int = 7
    cfg_lr: int = 8
    # Transfers of the run, for its Python
    limit: int = 35
    # Set on the way: sample ticks released, requests answered, the number that is waited for
    released: int = 9
    answered: int = 10
    expected: int = 11
    # What the pins showed; `cycle` counts from the end of the reset
    cycle: int = 12
    errors: int = 13
    hang: int = 14
    reads: int = 15
    read_col: int = 16
    read_changed: int = 17
    read_updates: int = 18
    retired: int = 19
    col: int = 20
    chop: int = 21
    flip: int = 22
    written: int = 23
    write_col: int = 24
    due: int = 25
    waiting: int = 26
    injected_updates: int = 27
    injected_reads: int = 28
    injected_writes: int = 29
    x: int = 30
    sample: int = 31
    updates: int = 32
    begin: int = 33
    gaps: int = 34
    # Eight of them, in the order of PHASES
    counters: int = 36


class Calls(NamedTuple):
    """What `xc_advance` goes on to: an event, or the end of so many cycles."""

    until_read: int = 0
    until_retired: int = 1
    until_written: int = 2
    until_end: int = 3


class Status(NamedTuple):
    """What `xc_advance` answers: all is well, an error or a hang has to be looked at, the controller has ended."""

    fine: int = 0
    look: int = 1
    ended: int = 2


PLACE = Place()
CALLS = Calls()
STATUS = Status()
# Columns and writes that the bench of mixed precision remembers: a write may begin so many cycles after its column.
SLOTS = 17
IO_SIZE = PLACE.counters + len(PHASES)
