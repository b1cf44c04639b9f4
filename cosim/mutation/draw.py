"""Draws mutants: by a seed, evenly over modules and operators, each of them legal, no two the same."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crosschop.cosim.dut import Dut
from crosschop.cosim.mutation.change import Mutant, mutated, without_whitespace
from crosschop.model.parallel import cores

# A loop in the elaboration of a mutant must not hold up everything.
SECONDS = 30


@dataclass(frozen=True)
class Drawn:
    """Mutants, and what was found while drawing them.

    Attributes:
        mutants: in the order in which they were drawn.
        possible: changes that the operators have for this chip, each text once.
        redrawn: mutants that do not compile, for which others were drawn.
    """

    mutants: tuple[Mutant, ...]
    possible: int
    redrawn: int


def draw_mutants(
    mutants: Sequence[Mutant], count: int, seed: int, dut: Dut, parameters: Sequence[dict[str, int]]
) -> Drawn:
    """Draws `count` mutants, or all if there are fewer.

    Every pair of a module and an operator has its turn in a random order, and again, until enough are drawn.

    Args:
        mutants: all of them.
        count: how many.
        seed: decides which.
        dut: the controller.
        parameters: sets of them, with each of which a mutant has to compile.
    """
    different: dict[tuple[str, bytes], Mutant] = {}
    originals = {(one.file, without_whitespace(one.original)) for one in mutants}
    for one in mutants:
        key = (one.file, without_whitespace(one.text))
        if key not in originals:
            different.setdefault(key, one)
    order = _order(list(different.values()), seed)
    chosen: list[Mutant] = []
    redrawn = 0
    # Whether a mutant compiles decides nothing about the order, so that the number of cores has no influence
    pool = ThreadPoolExecutor(cores())
    try:
        while len(chosen) < count:
            tried = [one for _, one in zip(range(count - len(chosen)), order, strict=False)]
            if not tried:
                break
            legal = list(pool.map(lambda one: _compiles(one, dut, parameters), tried))
            chosen += [one for one, fine in zip(tried, legal, strict=True) if fine]
            redrawn += legal.count(False)
    finally:
        pool.shutdown(cancel_futures=True)  # an interrupt does not wait for all of them
    return Drawn(tuple(chosen), len(different), redrawn)


def _order(mutants: Sequence[Mutant], seed: int) -> Iterator[Mutant]:
    """All mutants, one of each module and operator after the other."""
    generator = np.random.default_rng(seed)
    groups: dict[tuple[str, str], list[Mutant]] = {}
    for one in mutants:
        groups.setdefault((one.module, one.operator), []).append(one)
    queues = {key: [group[int(i)] for i in generator.permutation(len(group))] for key, group in sorted(groups.items())}
    while queues:
        keys = list(queues)
        for i in generator.permutation(len(keys)):
            key = keys[int(i)]
            yield queues[key].pop()
            if not queues[key]:
                del queues[key]


def _compiles(mutant: Mutant, dut: Dut, parameters: Sequence[dict[str, int]]) -> bool:
    with tempfile.TemporaryDirectory(prefix="crosschop-") as folder:
        changed = mutated(dut, mutant, Path(folder))
        files = [str(path) for path in changed.sources]
        for values in parameters:
            options = [f"-P{dut.module}.{name}={value}" for name, value in values.items()]
            command = ["iverilog", "-g2012", "-tnull", "-s", dut.module, *changed.options, *options, *files]
            try:
                done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
            except subprocess.TimeoutExpired:
                return False
            if done.returncode != 0:
                return False
    return True
