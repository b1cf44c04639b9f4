"""Memory and bandwidth: the paper's table to the digit, the RTL's memories against counting by hand."""

from __future__ import annotations

import pytest

from crosschop.model.chipspec import load_chipspec, shipped_chipspecs, transfers_in
from crosschop.model.engines import run_golden
from crosschop.model.errors import CrosschopError
from crosschop.model.estimate.counts import memory
from crosschop.model.estimate.quantity import exactly

BETA1 = ("algorithm.beta=1", "reference.p_bits=9")

# The paper's Methods: digital bytes, bits of memory operations and of input loads per sample at N = 512, n_s = 2,
# B = 100, l_max = 5.
TABLE = {
    ("ttv2_512", ()): (263_168, 4096, 16 * 512 + 2 * 512 * 5),
    ("c_ttv2_512", ()): (263_168, 4608, 13_312),
    ("agad_512", ()): (787_456, 12_800, 13_312),
    ("agad_512", BETA1): (525_312, 8704, 13_312),
    ("in_memory_sgd_512", ()): (1_024, 0, 13_312),
    ("mixed_precision_512", ()): (364_544, 41_943.04, 8192),
}


@pytest.mark.parametrize("chip", TABLE, ids=lambda chip: "-".join([chip[0], *chip[1][:1]]))
def test_table_of_the_paper(chip: tuple[str, tuple[str, ...]]) -> None:
    stored, moved, inputs = TABLE[chip]
    spec = load_chipspec(*chip)
    assert memory.paper_stored_bits(spec) == 8 * stored
    assert memory.paper_moved_bits(spec) == pytest.approx(moved, rel=1e-12)
    assert memory.paper_input_bits(spec) == inputs


def test_rectangle_in_the_paper_s_count() -> None:
    spec = load_chipspec("agad_rect")  # 13 rows, 7 columns, n_s = 5, l_max = 5
    assert memory.paper_stored_bits(spec) == 8 * (3 * 91 + 20)
    assert memory.paper_moved_bits(spec) == (3 * 16 * 13 + 2 * 7) / 5
    assert memory.paper_input_bits(spec) == 8 * 20 + 5 * 20


def test_bytes_that_are_bits() -> None:
    assert 24 * 512**2 == 6_291_456
    sentence = memory.misprinted(load_chipspec("agad_512"))
    assert sentence is not None
    assert "786,432 bytes, not 6,291,456" in sentence
    assert "24 N^2" in sentence
    mixed = memory.misprinted(load_chipspec("mixed_precision_512"))
    assert mixed is not None
    assert f"not {8 * 512**2:,}" in mixed
    assert memory.misprinted(load_chipspec("in_memory_sgd_512")) is None


def test_bandwidth_of_the_paper() -> None:
    """(13,312 + 12,800) bits in 62.129 ns."""
    assert memory.bandwidth(26_112, exactly(62.129)).nominal == pytest.approx(52.5, abs=0.05)
    slow = memory.bandwidth(800, memory.Range(10, 20, 40))
    assert (slow.low, slow.nominal, slow.high) == (2.5, 5, 10)
    with pytest.raises(CrosschopError, match="not positive"):
        memory.bandwidth(0, exactly(1))


def test_what_is_stored() -> None:
    """13 rows in 4 beats of 4 lanes, 7 columns; H 16, P and P^ref 13 bits, random chopper: signs, no count."""
    found = {store.name: store for store in memory.stores(load_chipspec("agad_rect"))}
    assert {name: (store.bits, store.bits_built) for name, store in found.items()} == {
        "h": (91 * 16, 7 * 4 * 4 * 16),
        "p": (91 * 13, 7 * 4 * 4 * 13),
        "pref": (91 * 13, 7 * 4 * 4 * 13),
        "chop": (7, 7),
    }
    counted = memory.stores(load_chipspec("agad_rect", ["algorithm.read_correction=16"]))
    assert [(store.bits, store.bits_built) for store in counted if store.name == "count"] == [(28, 28)]
    mixed = {store.name: store.bits for store in memory.stores(load_chipspec("mixed_precision_512"))}
    assert mixed == {"chi": 512 * 512 * 16, "d": 512 * 12, "x": 512 * 12}
    assert memory.stores(load_chipspec("in_memory_sgd_20")) == ()
    assert [store.name for store in memory.stores(load_chipspec("ttv2_20"))] == ["h"]


@pytest.mark.parametrize("path", shipped_chipspecs(), ids=lambda path: path.stem)
def test_every_chip_has_lines(path: object) -> None:
    spec = load_chipspec(str(path))
    lines = memory.stored_lines(spec) + memory.moved_lines(spec, time_ns=exactly(100))
    assert len({line.name for line in lines}) == len(lines)
    assert any(line.name == "bandwidth, paper" for line in lines)


def test_traffic_of_a_run() -> None:
    """20 columns in 4 beats of 5 lanes, counted by hand."""
    spec = load_chipspec("agad_20", ["algorithm.chop={mode: regular, period: 3}"])
    result = run_golden(spec, 1, transfers_in(spec, 3000), lambda done: None)
    assert result.transfers == 600  # 30 sweeps of 20 columns: 10 flips of each
    used = {access.store.name: access for access in memory.accesses(spec, memory.work_of(result))}
    assert {name: (access.reads, access.writes) for name, access in used.items()} == {
        "h": (2400, 2400), "p": (2400, 2400), "pref": (2400, 200 * 4), "chop": (3000, 200),
    }  # fmt: skip
    assert used["h"].bits_read == 600 * 20 * 16
    assert used["pref"].bits_written == 200 * 20 * 13
    assert (used["chop"].bits_read, used["chop"].bits_written) == (60_000, 200)
    assert used["h"].clears == 20 * 4
    read, written = memory.bits_per_sample(spec, memory.work_of(result))
    assert (read, written) == (600 * 20 * (16 + 13 + 13) / 3000, (600 * 20 * 29 + 200 * 20 * 13) / 3000)


def test_mean_sample() -> None:
    """H and P read and written, P^ref read at each of half a read per sample, written at every tenth."""
    read, written = memory.bits_per_sample(load_chipspec("agad_512"))
    assert read == 256 * (16 + 13 + 13)
    assert written == pytest.approx(256 * (16 + 13 + 1.3))
    read, written = memory.bits_per_sample(load_chipspec("mixed_precision_512"))
    # chi, and for each of 4096 words of it 64 codes of d and 64 of x; d and x stored once
    assert read == 512 * 512 * 16 + 4096 * 2 * 64 * 12
    assert written == 512 * 512 * 16 + 1024 * 12
    random = load_chipspec("agad_rect")
    assert memory.flip_rate(random) == 6554 / 65536
    assert memory.flip_rate(load_chipspec("ttv2_20")) == 0
