"""Ten seeded bugs in the controller, to show that a checker finds what it is there for.

Each mutant replaces one piece of an RTL file. All compile without warnings and change the behaviour
of a chip with two lanes or more; what else a chip or its stimulus must have stands beside them.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    """A bug: `original`, found exactly once in rtl/`file`, becomes `replacement`."""

    name: str
    file: str
    original: str
    replacement: str


# On agad_shared, whose memories have one port: (mutant, what the report must say). Each makes a read and a write meet,
# which ends the simulation, or takes the beats at other times.
ONE_PORT = (
    (
        Mutant(
            name="write_back_a_cycle_early",
            file="xc_transfer_lanes.v",
            original="assign wr_en = done_valid;",
            replacement="assign wr_en = valid_2_reg;",
        ),
        "read and write of a memory with one port",
    ),
    (
        Mutant(
            name="a_beat_in_every_cycle",
            file="xc_transfer_lanes.v",
            original="assign beat_wait = MEM_PORTS == 1 && (valid_1_reg || valid_3_reg);",
            replacement="assign beat_wait = 1'b0;",
        ),
        "read and write of a memory with one port",
    ),
    (
        # Only behind a gap in the codes.
        Mutant(
            name="a_beat_out_of_step",
            file="xc_transfer_lanes.v",
            original="assign beat_wait = MEM_PORTS == 1 && (valid_1_reg || valid_3_reg);",
            replacement="assign beat_wait = MEM_PORTS == 1 && valid_1_reg;",
        ),
        "read and write of a memory with one port",
    ),
    (
        # Three beats, then three write-backs: nothing meets, but the codes are in earlier.
        Mutant(
            name="beats_in_threes",
            file="xc_transfer_lanes.v",
            original="assign beat_wait = MEM_PORTS == 1 && (valid_1_reg || valid_3_reg);",
            replacement="assign beat_wait = MEM_PORTS == 1 && valid_3_reg;",
        ),
        "cycle of the read",
    ),
    (
        Mutant(
            name="written_at_the_reads_address",
            file="xc_ram.v",
            original=".addr(wr_en ? wr_addr : rd_addr)",
            replacement=".addr(rd_addr)",
        ),
        "H",
    ),
)

# On agad_fast, whose lanes take four cycles: (mutant, what the report must say).
FOUR_STAGES = (
    (
        # The column, its sign and the hold-back are overwritten while the last beat still needs them.
        Mutant(
            name="lanes_empty_a_cycle_early",
            file="xc_transfer_lanes.v",
            original="(STAGES == 4 && done_valid)",
            replacement="1'b0",
        ),
        "write column",
    ),
    (
        Mutant(
            name="old_p_in_step_with_three_cycles",
            file="xc_transfer_lane.v",
            original="    assign new_p = p_3_reg;",
            replacement="    assign new_p = p_sum;",
        ),
        "P",
    ),
    (
        Mutant(
            name="codes_of_the_beat_behind",
            file="xc_transfer_lanes.v",
            original="        assign done_codes = codes_4_reg;",
            replacement="        assign done_codes = codes_3_reg;",
        ),
        "codes",
    ),
)

_SMP_READY = "assign s_smp_ready = phase_idle || (upd_done && !last_sample) || read_done;"
_ADC_READY = "assign s_adc_ready = outstanding_reg && !lanes_wait && !(beat_first && (lanes_busy || pulses_wait));"

MUTANTS = (
    Mutant(
        # H = -0.3 pulses gives -1 instead of 0.
        name="steps_arithmetic_shift",
        file="xc_accumulate.v",
        original="    .SHIFT(ACC_FRAC),\n    .ROUND(2)\n",
        replacement="    .SHIFT(ACC_FRAC),\n    .ROUND(1)\n",
    ),
    Mutant(
        # Needs a gain that drives H faster than its pulses leave.
        name="h_saturation_missed",
        file="xc_accumulate.v",
        original="wire fits = sum[SUM_W-1:ACC_W-1] == {(SUM_W-ACC_W+1){sum[SUM_W-1]}};",
        replacement="wire fits = 1'b1;",
    ),
    Mutant(
        # A column's sign turns at its next read. Needs flips.
        name="flip_one_read_late",
        file="xc_chopper.v",
        original=(
            "    always @* begin\n"
            "        chop_next = chop_reg;\n"
            "        if (read_done && flip) begin\n"
            "            chop_next[read_col] = !chop_reg[read_col];\n"
            "        end\n"
            "    end\n\n"
            "    always @(posedge clk) begin\n"
        ),
        replacement=(
            "    reg [COLS-1:0] late_reg;\n\n"
            "    always @* begin\n"
            "        chop_next = chop_reg;\n"
            "        if (read_done) begin\n"
            "            chop_next[read_col] = chop_reg[read_col] ^ late_reg[read_col];\n"
            "        end\n"
            "    end\n\n"
            "    always @(posedge clk) begin\n"
            "        if (read_done) late_reg[read_col] <= flip;\n"
            "        if (rst) late_reg <= {COLS{1'b0}};\n\n"
        ),
    ),
    Mutant(
        # Needs flips and a transfer of the same column after one.
        name="pref_before_p",
        file="xc_state_store.v",
        original=(
            "    pref_ram_inst (\n"
            "        .clk(clk),\n"
            "        .rd_en(rd_en),\n"
            "        .rd_addr(rd_addr),\n"
            "        .rd_data(rd_pref),\n"
            "        .wr_en(pref_wr_en),\n"
            "        .wr_addr(mem_wr_addr),\n"
            "        .wr_data(mem_wr_p)\n"
            "    );\n"
        ),
        replacement=(
            "    pref_ram_inst (\n"
            "        .clk(clk),\n"
            "        .rd_en(rd_en),\n"
            "        .rd_addr(rd_addr),\n"
            "        .rd_data(rd_pref),\n"
            "        .wr_en(pref_wr_en),\n"
            "        .wr_addr(mem_wr_addr),\n"
            "        .wr_data(gen_old_p.mem_wr_old_p)\n"
            "    );\n"
            "\n"
            "    if (1) begin : gen_old_p\n"
            "        reg [LANES*P_W-1:0] old_p_2_reg, old_p_3_reg;\n"
            "        wire [LANES*P_W-1:0] mem_wr_old_p = clear_valid ? {LANES*P_W{1'b0}} : old_p_3_reg;\n"
            "        always @(posedge clk) begin\n"
            "            old_p_2_reg <= rd_p;\n"
            "            old_p_3_reg <= old_p_2_reg;\n"
            "        end\n"
            "    end\n"
        ),
    ),
    Mutant(
        # Needs flips.
        name="chop_ignored_on_lane_0",
        file="xc_transfer_lanes.v",
        original="        .chop(chop_reg),\n",
        replacement="        .chop(chop_reg && lane != 0),\n",
    ),
    Mutant(
        # Needs two columns or more.
        name="column_wraps_early",
        file="xc_transfer_scheduler.v",
        original="localparam LAST_COL = COLS - 1;",
        replacement="localparam LAST_COL = COLS - 2;",
    ),
    Mutant(
        # Needs H_DECAY = 0.
        name="h_forgotten_instead_of_subtracted",
        file="xc_transfer_lane.v",
        original="    assign h_after_write = h_sat - sent[H_W-1:0];\n",
        replacement="    assign h_after_write = {H_W{1'b0}};\n",
    ),
    Mutant(
        # Lane 0 gets no pulses, lane i those of lane i - 1.
        name="pulses_shifted_by_a_lane",
        file="xc_pulse_output.v",
        original="            pulses_reg <= in_pulses[LANES_USED*STEP_W-1:0];\n",
        replacement="            pulses_reg <= in_pulses[LANES_USED*STEP_W-1:0] << STEP_W;\n",
    ),
    Mutant(
        # Ready is given although the lanes do not take the beat. Needs codes that come while pulses wait for W.
        name="stalled_beat_dropped",
        file="xc_transfer_scheduler.v",
        original=f"{_ADC_READY}\nassign beat_valid = s_adc_valid && s_adc_ready;",
        replacement=(
            "assign s_adc_ready = outstanding_reg && !lanes_wait;\n"
            "assign beat_valid = s_adc_valid && s_adc_ready && !(beat_first && (lanes_busy || pulses_wait));"
        ),
    ),
    Mutant(
        # Needs P_EN = 1 and P_ROUND = 0.
        name="p_rounded_down",
        file="xc_transfer_lane.v",
        original="        .ROUND(P_ROUND)\n",
        replacement="        .ROUND(1)\n",
    ),
)


# Bugs that `verify` once let through, or that need more than the ten above: (mutant, chip, overrides that it needs).
HARDER = (
    (
        # The tick that comes with the last update before a read is taken and forgotten.
        Mutant(
            name="tick_lost_at_the_last_update",
            file="xc_transfer_scheduler.v",
            original=_SMP_READY,
            replacement="assign s_smp_ready = phase_idle || upd_done || read_done;",
        ),
        "agad_tiny",
        (),
    ),
    (
        Mutant(
            name="tick_lost_in_a_stall",
            file="xc_transfer_scheduler.v",
            original=_SMP_READY,
            replacement="assign s_smp_ready = phase_idle || (upd_done && !last_sample) || read_done || phase_stall;",
        ),
        "agad_tiny",
        (),
    ),
    (
        Mutant(
            name="ready_undefined_between_ticks",
            file="xc_transfer_scheduler.v",
            original=_SMP_READY,
            replacement=("assign s_smp_ready = (phase_idle || (upd_done && !last_sample) || read_done) ? 1'b1 : 1'bx;"),
        ),
        "agad_tiny",
        (),
    ),
    (
        # A beat offered while ready is low is taken, and taken again.
        Mutant(
            name="codes_taken_without_ready",
            file="xc_transfer_scheduler.v",
            original="assign beat_valid = s_adc_valid && s_adc_ready;",
            replacement="assign beat_valid = s_adc_valid && outstanding_reg;",
        ),
        "agad_tiny",
        (),
    ),
    (
        # With one column and a read of one cycle, the next codes come while the column is still in the lanes.
        Mutant(
            name="codes_enter_busy_lanes",
            file="xc_transfer_scheduler.v",
            original=_ADC_READY,
            replacement="assign s_adc_ready = outstanding_reg && !lanes_wait && !(beat_first && pulses_wait);",
        ),
        "agad_tiny",
        ("array.cols=1", "timing.mvm_ns=1"),
    ),
    (
        Mutant(
            name="flip_at_the_threshold",
            file="xc_chopper.v",
            original="draw[15:0] < cfg_chop",
            replacement="draw[15:0] <= cfg_chop",
        ),
        "agad_rect",
        (),
    ),
    (
        # Registers that a reset leaves alone; the initial value stands for a lucky power-up.
        Mutant(
            name="sample_counter_survives_reset",
            file="xc_transfer_scheduler.v",
            original="        sample_reg <= 16'd0;\n        col_reg",
            replacement="        if (sample_reg === 16'hxxxx) sample_reg <= 16'd0;\n        col_reg",
        ),
        "agad_tiny",
        (),
    ),
    (
        Mutant(
            name="beat_counter_survives_reset",
            file="xc_transfer_scheduler.v",
            original="        beat_reg <= {BEAT_W{1'b0}};\n",
            replacement="        if (^beat_reg === 1'bx) beat_reg <= {BEAT_W{1'b0}};\n",
        ),
        "agad_tiny",
        (),
    ),
    (
        Mutant(
            name="pulse_request_survives_reset",
            file="xc_pulse_output.v",
            original="    if (rst) begin\n        valid_reg <= 1'b0;\n",
            replacement="    if (rst) begin\n        if (valid_reg === 1'bx) valid_reg <= 1'b0;\n",
        ),
        "agad_tiny",
        (),
    ),
    (
        Mutant(
            name="pulses_seen_survive_reset",
            file="xc_pulse_output.v",
            original="        any_reg <= 1'b0;\n",
            replacement="        if (any_reg === 1'bx) any_reg <= 1'b0;\n",
        ),
        "agad_tiny",
        (),
    ),
)


def apply(mutant: Mutant, source_dir: Path, destination_dir: Path) -> None:
    """Copy the RTL of `source_dir` to `destination_dir`, which must not exist yet, with the bug in it."""
    text = (source_dir / mutant.file).read_text(encoding="utf-8")
    found = text.count(mutant.original)
    if found != 1:
        raise ValueError(f"mutant {mutant.name}: its original text is {found} times in {mutant.file}, not once")
    shutil.copytree(source_dir, destination_dir, ignore=shutil.ignore_patterns("__pycache__"))
    (destination_dir / mutant.file).write_text(text.replace(mutant.original, mutant.replacement), encoding="utf-8")
