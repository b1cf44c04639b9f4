"""Digital memory of a tile: bits stored, bits moved per sample, bandwidth; as the RTL has it, and as the paper counts.

As built: the memories of rtl/README.md, word by word, at the widths of the chipspec. The paper (Rasch et al., Nat.
Commun. 15:7133 (2024), Methods) has 8 bits per entry, keeps x and d beside the matrices, and counts P^ref as written at
every read; here it is written where a sign flips.
"""

from __future__ import annotations

from dataclasses import dataclass

from crosschop.model.chipspec import (
    ChipSpec,
    beats,
    chop_setting,
    cycles,
    given,
    has_reference,
    keeps_p,
    memory_bits,
    mixed_section,
    p_bits,
    x_beats,
)
from crosschop.model.chipspec.algorithms import Agad, ChoppedTtv2, InMemorySgd, MixedPrecision
from crosschop.model.chipspec.derive import LFSR_COMPARE_BITS, count_bits
from crosschop.model.errors import CrosschopError
from crosschop.model.estimate.quantity import Line, Origin, Range, exactly
from crosschop.model.results import RunResult

# Bits that the paper gives every number.
PAPER_BITS = 8

RTL = "rtl/README.md"
PAPER = "Rasch 2024, Methods"

TITLES = {
    "h": "H",
    "p": "P",
    "pref": "P^ref",
    "count": "reads per chop period",
    "chop": "chopper signs",
    "chi": "chi",
    "d": "operands d",
    "x": "operands x",
}


@dataclass(frozen=True)
class Store:
    """Something digital that a controller keeps.

    Attributes:
        name: key of TITLES.
        entries: numbers in it.
        width: bits of one.
        words: words of the memory; of signs, which stand in flip-flops, one.
        word_bits: bits of a word, with entries that no row has.
        memory: False for flip-flops.
    """

    name: str
    entries: int
    width: int
    words: int
    word_bits: int
    memory: bool = True

    @property
    def bits(self) -> int:
        """Bits of its entries."""
        return self.entries * self.width

    @property
    def bits_built(self) -> int:
        """Bits as built: with the padding of the last beat of a column."""
        return self.words * self.word_bits


def stores(spec: ChipSpec) -> tuple[Store, ...]:
    """What the controller of this chip keeps; nothing in in-memory SGD.

    Raises:
        CrosschopError: the memories do not add up to those of the chipspec.
    """
    found = tuple(_stores(spec))
    built, known = sum(store.bits_built for store in found if store.memory), memory_bits(spec).total
    if built != known:
        raise CrosschopError(f"{spec.name}: the estimate has memories of {built} bits, the controller of {known}")
    return found


def _stores(spec: ChipSpec) -> list[Store]:
    rows, cols = spec.array.rows, spec.array.cols
    if isinstance(spec.algorithm, InMemorySgd):
        return []

    def matrix(name: str, width: int) -> Store:
        return Store(name, rows * cols, width, cols * beats(spec), spec.lanes * width)

    hidden = given(spec.hidden).bits
    if isinstance(spec.algorithm, MixedPrecision):
        operand = spec.algorithm.operand_bits
        return [
            matrix("chi", hidden),
            Store("d", rows, operand, beats(spec), spec.lanes * operand),
            Store("x", cols, operand, x_beats(spec), spec.lanes * operand),
        ]
    found = [matrix("h", hidden)]
    if keeps_p(spec):
        found.append(matrix("p", p_bits(spec)))
    if has_reference(spec):
        found.append(matrix("pref", p_bits(spec)))
    if count_bits(spec):
        found.append(Store("count", cols, count_bits(spec), cols, count_bits(spec)))
    if spec.transfer.chopper.mode != "off":
        found.append(Store("chop", cols, 1, 1, cols, memory=False))
    return found


@dataclass(frozen=True)
class Work:
    """What decides how often the stores are used, of a run or of the mean sample.

    Attributes:
        samples: input samples.
        transfers: column reads of A; in mixed precision columns of passes over chi; in in-memory SGD updates.
        flips: sign flips.
        updating: clock cycles in which A is updated.
    """

    samples: float
    transfers: float
    flips: float
    updating: float


def work_of(result: RunResult) -> Work:
    """What a run did, exactly."""
    return Work(result.samples, result.transfers, result.counts["flips"], result.cycles["update"])


def flip_rate(spec: ChipSpec) -> float:
    """Flips per column read in a long run; 0 without choppers."""
    if spec.device.a is None:
        return 0.0
    setting = chop_setting(spec)
    if setting == 0:
        return 0.0
    return 1 / setting if spec.transfer.chopper.mode == "regular" else setting / (1 << LFSR_COMPARE_BITS)


def mean_work(spec: ChipSpec, train_length: float | None = None) -> Work:
    """What the mean sample of a long run does.

    Args:
        spec: the chip.
        train_length: mean slots of a pulse train, l_avg; the longest train when None.
    """
    if isinstance(spec.algorithm, InMemorySgd):
        return Work(1, 1, 0, 0)
    if isinstance(spec.algorithm, MixedPrecision):
        return Work(1, spec.array.cols, 0, 0)
    longest = given(spec.driver).max_pulses
    length = longest if train_length is None else train_length
    # Without empty trains the mean of the cycles is the cycles of the mean.
    updating = max(1.0, length * cycles(spec).pulse)
    reads = 1 / spec.transfer.transfer_every
    return Work(1, reads, reads * flip_rate(spec), updating)


@dataclass(frozen=True)
class Access:
    """Use of a store, in words.

    Attributes:
        store: which.
        reads, writes: words read and written after the clear sweep.
        read_bits, write_bits: bits of a word read and of one written; a sign is written alone, all are read together.
        clears: words that the clear sweep after reset writes.
    """

    store: Store
    reads: float
    writes: float
    read_bits: int
    write_bits: int
    clears: int

    @property
    def bits_read(self) -> float:
        """Bits read, with padding."""
        return self.reads * self.read_bits

    @property
    def bits_written(self) -> float:
        """Bits written, with padding."""
        return self.writes * self.write_bits


def accesses(spec: ChipSpec, work: Work) -> tuple[Access, ...]:
    """How often each store is used, as the RTL does it.

    H, P and chi: every word of a column is read and written back at every transfer. P^ref: read at every transfer,
    written where the sign of the column flips. Count of reads: read in every cycle of an update of A, written at every
    column read. Signs: all of them go to the driver with every update. Operands: stored once per sample, read again for
    every word of chi.
    """
    return tuple(_access(spec, store, work) for store in stores(spec))


def _access(spec: ChipSpec, store: Store, work: Work) -> Access:
    words = work.transfers * beats(spec)
    reads, writes = {
        "h": (words, words),
        "p": (words, words),
        "pref": (words, work.flips * beats(spec)),
        "count": (work.updating, work.transfers),
        "chop": (work.samples, work.flips),
        "chi": (words, words),
        "d": (words, work.samples * store.words),
        "x": (words, work.samples * store.words),
    }[store.name]
    cleared = store.memory and store.name not in ("d", "x")
    write_bits = store.word_bits if store.memory else store.width
    return Access(store, reads, writes, store.word_bits, write_bits, store.words if cleared else 0)


def bits_per_sample(spec: ChipSpec, work: Work | None = None) -> tuple[float, float]:
    """Bits that a sample reads and writes in all memories, signs not counted: they lie in flip-flops.

    Args:
        spec: the chip.
        work: of a run, or of the mean sample when None.
    """
    work = work or mean_work(spec)
    used = [access for access in accesses(spec, work) if access.store.memory]
    return (
        sum(access.bits_read for access in used) / work.samples,
        sum(access.bits_written for access in used) / work.samples,
    )


def paper_stored_bits(spec: ChipSpec) -> int:
    """Digital memory in the paper's count, 8 bits per entry; chopper signs are not in it.

    TTv2, c-TTv2: N^2 + 2N bytes. AGAD: 3N^2 + 2N, with beta = 1 2N^2 + 2N. In-memory SGD: 2N. Mixed precision:
    N^2 + 2NB. N^2 is rows * cols here, 2N rows + cols.
    """
    rows, cols = spec.array.rows, spec.array.cols
    matrices, vectors = 1, 1
    if isinstance(spec.algorithm, Agad):
        matrices = 3 if keeps_p(spec) else 2
    elif isinstance(spec.algorithm, InMemorySgd):
        matrices = 0
    elif isinstance(spec.algorithm, MixedPrecision):
        vectors = spec.algorithm.batch
    return PAPER_BITS * (matrices * rows * cols + vectors * (rows + cols))


def paper_moved_bits(spec: ChipSpec) -> float:
    """Loads and stores of matrices and signs per sample in the paper's count, bits; 0 in in-memory SGD.

    16N/n_s for TTv2, 18N/n_s for c-TTv2, 50N/n_s for AGAD, 34N/n_s with beta = 1, 16 N^2/B for mixed precision: every
    matrix is loaded and stored, so are the N signs of the choppers.
    """
    rows, cols = spec.array.rows, spec.array.cols
    both = 2 * PAPER_BITS
    if isinstance(spec.algorithm, InMemorySgd):
        return 0.0
    if isinstance(spec.algorithm, MixedPrecision):
        return both * rows * cols / spec.algorithm.batch
    matrices = 1
    if isinstance(spec.algorithm, Agad):
        matrices = 3 if keeps_p(spec) else 2
    signs = 2 * cols if isinstance(spec.algorithm, (ChoppedTtv2, Agad)) else 0
    return (both * matrices * rows + signs) / spec.transfer.transfer_every


def paper_input_bits(spec: ChipSpec) -> int:
    """Loads of x and d per sample in the paper's count, bits: 16N, and 2 N l_max for pulse trains drawn beforehand."""
    lines = spec.array.rows + spec.array.cols
    trains = 0 if spec.driver is None else lines * spec.driver.max_pulses
    return PAPER_BITS * lines + trains


def bandwidth(bits: float, time_ns: Range) -> Range:
    """GB/s (1e9 bytes) of so many bits per sample at a time per sample in ns."""
    return Range(*(bits / 8 / time for time in (time_ns.high, time_ns.nominal, time_ns.low)))


def misprinted(spec: ChipSpec) -> str | None:
    """What a summary of the paper that prints 8 N^2 and 24 N^2 *bytes* would ask for; None without a matrix.

    The paper has 8 bits per entry: the number is right in bits.
    """
    vectors = PAPER_BITS * (spec.array.rows + spec.array.cols)
    if isinstance(spec.algorithm, MixedPrecision):
        vectors *= mixed_section(spec).batch
    bits = paper_stored_bits(spec) - vectors
    if bits == 0:
        return None
    count = bits // (spec.array.rows * spec.array.cols)
    return f"summaries print {count} N^2 bytes; the paper's {count} N^2 are bits: {bits // 8:,} bytes, not {bits:,}"


def stored_lines(spec: ChipSpec) -> list[Line]:
    """Lines of what is stored, bits."""
    lines = []
    for store in stores(spec):
        title, place = TITLES[store.name], "memory" if store.memory else "flip-flops"
        source = f"{RTL}: {store.entries} entries of {store.width} bits, {place}"
        lines.append(Line(f"stored, {title}", exactly(store.bits), "bit", "modelled", source))
        if store.bits_built != store.bits:
            source = f"{RTL}: {store.words} words of {store.word_bits} bits"
            lines.append(Line(f"stored, {title}, as built", exactly(store.bits_built), "bit", "modelled", source))
    built = memory_bits(spec).total
    if built:
        lines.append(Line("stored, all memories as built", exactly(built), "bit", "modelled", RTL))
    lines.append(
        Line("stored, paper", exactly(paper_stored_bits(spec)), "bit", "modelled", f"{PAPER}: 8 bits per entry")
    )
    return lines


def moved_lines(
    spec: ChipSpec,
    work: Work | None = None,
    time_ns: Range | None = None,
    paper_ns: Range | None = None,
    origin: Origin = "modelled",
) -> list[Line]:
    """Lines of what is moved per sample, bits, and the bandwidth that it takes, GB/s.

    Args:
        spec: the chip.
        work: of a run (`work_of`); of the mean sample with the longest trains when None.
        time_ns: time per sample; no bandwidth when None.
        paper_ns: time per sample in the paper's account, for its bandwidth; `time_ns` when None.
        origin: of the transfers and flips in `work`.
    """
    work = work or mean_work(spec)
    lines = []
    for access in accesses(spec, work):
        for verb, bits in (("read", access.bits_read), ("written", access.bits_written)):
            if bits:
                source = f"{RTL}: words of the {'memory' if access.store.memory else 'flip-flops'}"
                name = f"{verb} per sample, {TITLES[access.store.name]}"
                lines.append(Line(name, exactly(bits / work.samples), "bit", origin, source))
    built = sum(bits_per_sample(spec, work))
    paper, inputs = paper_moved_bits(spec), paper_input_bits(spec)
    if built:
        lines.append(Line("moved per sample, all memories", exactly(built), "bit", origin, RTL))
    if paper:
        lines.append(Line("moved per sample, paper", exactly(paper), "bit", "modelled", f"{PAPER}: memory operations"))
    lines.append(Line("inputs per sample, paper", exactly(inputs), "bit", "modelled", f"{PAPER}: loads of x and d"))
    if time_ns is not None:
        if built:
            lines.append(Line("bandwidth, all memories", bandwidth(built, time_ns), "GB/s", "modelled", RTL))
        source = f"{PAPER}: memory operations and loads of x and d"
        lines.append(
            Line("bandwidth, paper", bandwidth(paper + inputs, paper_ns or time_ns), "GB/s", "modelled", source)
        )
    return lines
