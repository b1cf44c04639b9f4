# ruff: noqa: E501
"""Seeded bugs, at least one for every property: what each proof has to fail on.

A bug replaces a piece of a file, found exactly once in it. The chip is one that has what the bug spoils.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """`original` in rtl/`file` becomes `replacement`; seen by the proof on the chip.

    A rare one shows after thousands of reads, further than a search goes: the proof does not succeed any more. Where
    other properties fail long before the one that the bug is there for, `shows` names it and the search is for it alone.
    """

    chip: str
    proof: str
    file: str
    original: str
    replacement: str
    rare: bool = False
    shows: str = ""


def _of(chip: str, proof: str, file: str, *pieces: tuple[str, str]) -> list[Bug]:
    return [Bug(chip, proof, f"xc_{file}.v", *piece) for piece in pieces]


# An address that is the first one behind the clear sweep, always
STUCK = (
    "addr_next = last_addr ? {ADDR_W{1'b0}} : addr_reg + 1'b1;",
    "addr_next = clear_valid && !last_addr ? addr_reg + 1'b1 : {ADDR_W{1'b0}};",
)


def _late(chip: str, file: str, original: str, replacement: str, *shows: str) -> list[Bug]:
    return [Bug(chip, "sequence", f"xc_{file}.v", original, replacement, shows=name) for name in shows]


BUGS: tuple[Bug, ...] = (
    *_of(
        "agad_tiny", "independence", "transfer_scheduler",
        ("assign m_upd_valid = m_upd_valid_reg;", "assign m_upd_valid = m_upd_valid_reg && m_upd_ready;"),
        ("assign m_rd_valid = m_rd_valid_reg;", "assign m_rd_valid = m_rd_valid_reg && m_rd_ready;"),
        ("assign m_rd_col = col_reg;", "assign m_rd_col = col_next;"),
    ),
    *_of("agad_tiny", "independence", "chopper", ("assign chop = chop_reg;", "assign chop = chop_next;")),
    *_of(
        "agad_tiny", "independence", "pulse_output",
        ("assign m_wr_valid = valid_reg;", "assign m_wr_valid = valid_reg && m_wr_ready;"),
        ("assign m_wr_col = in_col;", "assign m_wr_col = m_wr_ready ? in_col : {COL_W{1'b0}};"),
        ("LANES_USED*STEP_W] = pulses_reg;", "LANES_USED*STEP_W] = m_wr_ready ? pulses_reg : {LANES_USED*STEP_W{1'b0}};"),
    ),
    *_of(
        "agad_tiny", "sequence", "transfer_scheduler",
        ("wire last_sample = sample_reg == cfg_transfer_every - 16'd1;",
         "wire last_sample = sample_reg == cfg_transfer_every;"),
        ("(outstanding_reg && !codes_done) ? STATE_STALL", "1'b0 ? STATE_STALL"),
        ("assign s_smp_ready = phase_idle || ", "assign s_smp_ready = !phase_clear || "),
        ("assign s_adc_ready = outstanding_reg && ", "assign s_adc_ready = "),
        ("!(beat_first && (lanes_busy || pulses_wait))", "!(beat_first && lanes_busy)"),
        ("!(beat_first && (lanes_busy || pulses_wait))", "!(beat_first && pulses_wait)"),
        ("col_next = col_after;", "col_next = col_reg;"),
        ("assign col_after = sweep_done ? {COL_W{1'b0}} : col_reg + 1'b1;", "assign col_after = {COL_W{1'b1}};"),
        ("addr_next = last_addr ? {ADDR_W{1'b0}} : addr_reg + 1'b1;", "addr_next = addr_reg + 1'b1 + (beat_valid && beat_first);"),
        ("beat_next = beat_last ? {BEAT_W{1'b0}} : beat_reg + 1'b1;", "beat_next = beat_last ? beat_reg : beat_reg + 1'b1;"),
        ("m_upd_valid_reg <= state_next == STATE_UPDATE;", "m_upd_valid_reg <= state_next == STATE_UPDATE && !m_upd_valid_reg;"),
        ("m_upd_valid_reg <= state_next == STATE_UPDATE;", "m_upd_valid_reg <= state_next != STATE_IDLE && state_next != STATE_CLEAR;"),
        ("m_rd_valid_reg <= state_next == STATE_READ;", "m_rd_valid_reg <= state_next == STATE_READ && !m_rd_valid_reg;"),
        ("            if (codes_done) begin\n                state_next = STATE_READ;",
         "            if (1'b0) begin\n                state_next = STATE_READ;"),
        ("            if (last_addr) begin\n                state_next = STATE_IDLE;",
         "            if (addr_reg == 0) begin\n                state_next = STATE_IDLE;"),
        ("xfer_col_reg <= col_reg;", "xfer_col_reg <= col_next;"),
        ("assign phase_stall = state_reg == STATE_STALL;", "assign phase_stall = state_reg == STATE_READ;"),
        ("assign phase_idle = state_reg == STATE_IDLE;\nassign phase_update = state_reg == STATE_UPDATE;",
         "assign phase_idle = state_reg == STATE_IDLE;\nassign phase_update = state_reg == STATE_IDLE;"),
        ("            if (s_smp_valid) begin\n                state_next = STATE_UPDATE;",
         "            if (1'b0) begin\n                state_next = STATE_UPDATE;"),
        ("assign clear_valid = phase_clear;", "assign clear_valid = phase_idle;"),
        ("        col_reg <= {COL_W{1'b0}};", "        col_reg <= {COL_W{1'b1}};"),
    ),
    *_of(
        "agad_tiny", "sequence", "chopper",
        ("if (read_done && flip) begin", "if (flip) begin"),
        ("chop_next[read_col] = !chop_reg[read_col];", "chop_next = ~chop_reg;"),
        ("xfer_chop_reg <= chop_reg[read_col];", "xfer_chop_reg <= chop_next[read_col];"),
    ),
    *_of("ttv2_20", "sequence", "chopper", ("assign chop = {COLS{1'b0}};", "assign chop = {COLS{1'b1}};")),
    *_of(
        "agad_tiny", "sequence", "transfer_lanes",
        ("trc_valid_reg <= done_valid;", "trc_valid_reg <= valid_2_reg;"),
        ("trc_beat_reg <= done_beat;", "trc_beat_reg <= beat_2_reg;"),
        ("trc_last_reg <= done_last;", "trc_last_reg <= 1'b0;"),
        ("assign wr_addr = done_addr;", "assign wr_addr = addr_2_reg;"),
    ),
    # Lanes of four cycles
    *_of(
        "agad_fast", "sequence", "transfer_lanes",
        ("assign done_valid = valid_4_reg;", "assign done_valid = valid_3_reg;"),
        ("(STAGES == 4 && done_valid)", "1'b0"),
        ("addr_4_reg <= addr_3_reg;", "addr_4_reg <= addr_2_reg;"),
    ),
    *_of("agad_fast", "transfer_lane", "transfer_lane", ("p_3_reg <= p_sum;", "p_3_reg <= p_sum + 1'b1;")),
    *_of("agad_fast", "transfer_lane", "accumulate", ("sum_reg <= nearest;", "sum_reg <= sum[ACC_W-1:0];")),
    *_of("agad_tiny", "sequence", "pulse_output", ("if (m_wr_ready) begin", "if (1'b1) begin")),
    *_of(
        "agad_tiny", "sequence", "cycle_counters",
        ("        read_reg <= 32'd0;\n", ""),
        ("if (in_digital) digital_reg", "if (in_hold) digital_reg"),
        ("if (in_update) update_reg", "if (in_read) update_reg"),
    ),
    *_of(
        "agad_shared", "sequence", "transfer_lanes",
        ("MEM_PORTS == 1 && (valid_1_reg || valid_3_reg)", "MEM_PORTS == 1 && valid_1_reg"),
        ("MEM_PORTS == 1 && (valid_1_reg || valid_3_reg)", "1'b0"),
    ),
    *_of(
        "agad_tiny", "flips", "read_index",
        ("(count >= cfg_chop - 16'd1)", "(count >= cfg_chop)"),
        ("if (read_done && sweep_done) begin", "if (read_done) begin"),
        ("        if (flip) begin\n            count_next", "        if (1'b0) begin\n            count_next"),
    ),
    *_of(
        "agad_tiny", "flips", "chopper",
        ("xfer_flip_reg <= flip;", "xfer_flip_reg <= !flip;"),
        ("if (read_done && flip) begin", "if (flip) begin"),
    ),
    *_of(
        "c_ttv2_rect", "flips", "read_index",
        (".wr_en(read_done || clear_en)", ".wr_en(clear_en)"),
        ("clear_valid ? {COUNT_W{1'b0}} : count_next", "count_next"),
        (".rd_en(upd_valid)", ".rd_en(upd_valid || read_done)"),
    ),
    *_of("agad_rect", "flips", "chopper", ("assign flip = draw[15:0] < cfg_chop;", "assign flip = draw[15:0] <= cfg_chop;")),
    *_of("agad_rect", "flips", "lfsr", ("parameter STEPS = 16", "parameter STEPS = 15")),
    *_of(
        "agad_tiny", "store", "state_store",
        ("wire pref_wr_en = (wr_en && wr_flip) || clear_valid;", "wire pref_wr_en = wr_en || clear_valid;"),
    ),
    *_of(
        "agad_rect", "element", "transfer_lanes",
        ("trc_pref_reg <= flip_reg ? wr_p : done_pref;", "trc_pref_reg <= wr_p;"),
        ("beat_last ? {ADC_W{1'b0}}", "1'b0 ? {ADC_W{1'b0}}"),
        ("hold_reg <= xfer_hold;", "hold_reg <= 1'b0;"),
    ),
    *_of("agad_rect", "element", "accumulate", ("if (whole_ext > steps_max) begin", "if (whole_ext > steps_max + 1) begin")),
    *_of(
        "agad_rect", "element", "pulse_output",
        ("valid_reg <= any;", "valid_reg <= 1'b1;"),
        ("pulses_reg <= in_pulses[LANES_USED*STEP_W-1:0];", "pulses_reg <= ~in_pulses[LANES_USED*STEP_W-1:0];"),
    ),
    *_of(
        "agad_tiny", "values", "transfer_lane",
        ("z_reg <= chop ? -e : e;", "z_reg <= e;"),
        ("d_reg <= omega - {p[P_W-1], p};", "d_reg <= omega;"),
        ("assign pulses = hold ? {STEP_W{1'b0}} : steps;", "assign pulses = -steps;"),
    ),
    *_of(
        "agad_rect", "H rounding", "round_shift",
        ("assign bias = {{(SUM_W-1){1'b0}}, 1'b1} << (SHIFT - 1);", "assign bias = {SUM_W{1'b0}};"),
    ),
    *_of(
        "agad_wide", "H rounding", "round_shift",
        ("assign bias = {SUM_W{1'b0}};", "assign bias = {{(SUM_W-1){1'b0}}, 1'b1};"),
    ),
    *_of("agad_wide", "steps rounding", "round_shift", ("{SHIFT{in[IN_W-1]}}", "{SHIFT{1'b0}}")),
    *_of(
        "agad_rect", "H sum", "accumulate",
        ("sum[SUM_W-1:ACC_W-1] ==", "sum[SUM_W-1:ACC_W] =="),
        ("{sum[SUM_W-1], {(ACC_W-1){!sum[SUM_W-1]}}}", "{sum[SUM_W-1], {(ACC_W-1){sum[SUM_W-1]}}}"),
        (".ROUND(2)", ".ROUND(1)"),
        ("if (whole_ext > steps_max) begin", "if (1'b0) begin"),
        ("clamped = -steps_max[STEP_W-1:0];", "clamped = steps_max[STEP_W-1:0];"),
        ("clamped = whole_ext[STEP_W-1:0];", "clamped = {STEP_W{1'b0}};"),
    ),
    *_of(
        "agad_rect", "transfer_lane", "transfer_lane",
        ("z_reg <= chop ? -e : e;", "z_reg <= chop ? ~e : e;"),
        ("assign e = omega - {pref[P_W-1], pref};", "assign e = omega - {1'b0, pref};"),
        ("assign p_sum = p_2_reg + p_increment_reg;", "assign p_sum = p_2_reg - p_increment_reg;"),
        ("assign pulses = hold ? {STEP_W{1'b0}} : steps;", "assign pulses = steps;"),
    ),
    *_of("agad_rect", "transfer_lane", "accumulate", ("if (whole_ext > steps_max) begin", "if (1'b0) begin")),
    *_of(
        "agad_corrected", "read_gain", "read_gain",
        ("(65536 + y / 2) / y", "65536 / (y + 1)"),
        ("assign reciprocals[32*y +: 32] =", "assign reciprocals[32*y +: 32] = y == 1 ? 32'd32768 :"),
    ),
    *_of("agad_tiny", "ram", "ram_1r1w", ("mem[wr_addr] <= wr_data;", "mem[rd_addr] <= wr_data;")),
    *_of("agad_tiny", "ram", "ram_1r1w", ("if (rd_en) begin", "if (1'b1) begin")),
    *_of("agad_shared", "ram", "ram_1rw", ("if (wr_en) begin\n        mem[addr]", "if (wr_en && !addr[0]) begin\n        mem[addr]")),
    *_of(
        "agad_tiny", "state_store", "state_store",
        ("wire pref_wr_en = (wr_en && wr_flip) || clear_valid;", "wire pref_wr_en = wr_en || clear_valid;"),
        ("clear_valid ? {LANES*H_W{1'b0}} : wr_h", "wr_h"),
        ("clear_valid ? {LANES*P_W{1'b0}} : wr_p", "wr_p"),
    ),
    *_of(
        "agad_rect", "lfsr of the chopper", "lfsr",
        ("i < STEPS", "i < STEPS - 1"),
        ("state_reg <= state_next;", "state_reg <= state_next & {32{state_next[0]}};"),
    ),
    *_of(
        "agad_rect", "pulse_output", "pulse_output",
        ("valid_reg <= any;", "valid_reg <= 1'b1;"),
        ("any_reg <= any && !in_last;", "any_reg <= any;"),
        ("in_valid && in_beat == beat[BEAT_W-1:0]", "in_valid"),
        ("assign m_wr_col = in_col;", "assign m_wr_col = {COL_W{1'b0}};"),
    ),
    *_of(
        "agad_tiny", "cycle_counters", "cycle_counters",
        ("if (in_stall) stall_reg", "if (in_stall && !in_write) stall_reg"),
        ("if (in_hold) hold_reg", "if (in_write) hold_reg"),
        ("        hold_reg <= 32'd0;\n", ""),
    ),
    *_of(
        "mixed_precision_20", "sequence", "mixed_scheduler",
        ("m_op_valid_reg <= state_next == STATE_READ;", "m_op_valid_reg <= state_next == STATE_READ && !m_op_valid_reg;"),
        ("assign s_op_ready = state_reg == STATE_LOAD;", "assign s_op_ready = state_reg == STATE_LOAD || state_reg == STATE_READ;"),
        ("load_x_next = !last_x_beat;", "load_x_next = 1'b1;"),
        ("assign s_smp_ready = phase_idle || pass_done;", "assign s_smp_ready = !phase_clear;"),
        ("            if (m_op_ready) begin", "            if (1'b0) begin"),
        ("col_next = last_col ? {COL_W{1'b0}} : col_reg + 1'b1;", "col_next = col_reg;"),
        ("wire pass_issued = beat_valid && last_addr;", "wire pass_issued = beat_valid && last_col;"),
        ("!(last_sample && first_beat && behind_busy)", "!(last_sample && first_beat && lanes_busy)"),
        ("assign phase_stall = !(phase_clear || phase_idle || phase_read);", "assign phase_stall = !(phase_clear || phase_idle);"),
        ("assign clear_valid = phase_clear;", "assign clear_valid = phase_idle;"),
        ("addr_next = last_addr ? {ADDR_W{1'b0}} : addr_reg + 1'b1;", "addr_next = addr_reg;"),
    ),
    *_of("mixed_precision_20", "sequence", "pulse_output", ("if (m_wr_ready) begin", "if (1'b1) begin")),
    *_of("mixed_precision_20", "sequence", "mixed_lanes", ("assign wr_addr = addr_3_reg;", "assign wr_addr = addr_2_reg;")),
    *_of("mixed_precision_20", "sequence", "mixed_precision", (".in_update(1'b0)", ".in_update(1'b1)"),
         (".in_write(m_wr_valid)", ".in_write(m_wr_ready)")),
    *_of("mixed_precision_20", "sequence", "cycle_counters", ("        read_reg <= 32'd0;\n", "")),
    *_of("mixed_precision_shared", "sequence", "mixed_lanes", ("MEM_PORTS == 1 && valid_1_reg", "1'b0")),
    *_of(
        "mixed_precision_20", "values", "mixed_lane",
        ("write ? whole : {STEP_W{1'b0}}", "whole"),
        ("xd_reg <= x_factor * d_factor;", "xd_reg <= -x_factor * d_factor;"),
    ),
    *_of("mixed_precision_20", "values", "mixed_operands", ("x_lane_reg <= rd_x_lane;", "x_lane_reg <= {LANE_W{1'b0}};")),
    *_of(
        "mixed_precision_20", "values", "pulse_output",
        ("valid_reg <= any;", "valid_reg <= 1'b1;"),
        ("pulses_reg <= in_pulses[LANES_USED*STEP_W-1:0];", "pulses_reg <= ~in_pulses[LANES_USED*STEP_W-1:0];"),
    ),
    *_of(
        "mixed_precision_20", "mixed_lane", "mixed_lane",
        ("assign new_chi = chi_sat - sent[CHI_W-1:0];", "assign new_chi = chi_sat + sent[CHI_W-1:0];"),
        ("assign pulses = steps;", "assign pulses = whole;"),
    ),
    *_of("mixed_precision_20", "mixed_lane", "accumulate", ("if (whole_ext > steps_max) begin", "if (1'b0) begin")),
    *_of("mixed_precision_20", "independence", "mixed_scheduler",
         ("assign m_op_valid = m_op_valid_reg;", "assign m_op_valid = m_op_valid_reg && m_op_ready;")),
    *_of("in_memory_sgd_20", "independence", "in_memory_sgd",
         ("assign m_upd_valid = update_reg;", "assign m_upd_valid = update_reg && m_upd_ready;")),
    *_of(
        "in_memory_sgd_20", "sequence", "in_memory_sgd",
        ("if (s_smp_ready) begin", "if (1'b1) begin"),
        ("!update_reg || upd_done", "!update_reg"),
        ("!update_reg || upd_done", "1'b1"),
        ("!update_reg || upd_done", "1'b0"),
        ("trc_valid_reg <= upd_done;", "trc_valid_reg <= m_upd_valid;"),
        ("trc_sample_reg + 32'd1", "trc_sample_reg + 32'd2"),
        (".in_stall(1'b0)", ".in_stall(update_reg)"),
        (".in_update(update_reg)", ".in_update(upd_done)"),
    ),
    *_late(
        "agad_tiny", "transfer_scheduler", "            if (codes_done) begin\n                state_next = STATE_READ;",
        "            if (1'b0) begin\n                state_next = STATE_READ;", "p_progress", "p_no_deadlock",
    ),
    *_late("agad_tiny", "transfer_scheduler", *STUCK, "memory.p_no_hazard"),
    *_late(
        "agad_tiny", "transfer_scheduler", "sweep_done && sweep_reg != 16'hffff", "!sweep_done && sweep_reg != 16'hffff", "p_sweep",
    ),
    *_late("agad_tiny", "transfer_scheduler", "assign clear_valid = phase_clear;", "assign clear_valid = phase_clear || phase_idle;", "memory.p_clear_ends"),
    *_late("agad_tiny", "chopper", "if (read_done && flip) begin", "if (flip) begin", "p_chop_updates", "p_chop_group"),
    *_late(
        "mixed_precision_20", "mixed_scheduler", "            if (last_addr) begin\n                state_next = STATE_IDLE;",
        "            if (1'b0) begin\n                state_next = STATE_IDLE;", "p_progress", "p_no_deadlock",
    ),
    *_late("mixed_precision_20", "mixed_scheduler", *STUCK, "memory.p_no_hazard", "p_retire"),
    *_late("mixed_precision_20", "mixed_scheduler", "col_next = last_col ? {COL_W{1'b0}} : col_reg + 1'b1;", "col_next = col_reg;", "p_retire_order"),
    *_late(
        "mixed_precision_20", "mixed_scheduler", "wire pass_issued = beat_valid && last_addr;",
        "wire pass_issued = beat_valid && beat_last;", "p_retire_all",
    ),
    *_late(
        "mixed_precision_20", "mixed_scheduler", "assign beat_valid = state_reg == STATE_PASS && !lanes_wait",
        "assign beat_valid = (phase_clear || state_reg == STATE_PASS) && !lanes_wait", "p_clear_alone",
    ),
    *_late("mixed_precision_20", "mixed_lanes", "write_reg <= beat_write;", "write_reg <= 1'b1;", "p_write_alone"),
    Bug("agad_tiny", "sequence", "xc_transfer_scheduler.v", "sweep_done && sweep_reg != 16'hffff", "sweep_done", rare=True),
    Bug("agad_tiny", "flips", "xc_read_index.v", " && (cfg_chop != 16'd0)", "", rare=True),
)  # fmt: skip
