"""Bugs at the pins of the controller, for the checks that do not depend on the golden model's numbers."""

from __future__ import annotations

from mutants import Mutant

_SCHEDULER = "xc_transfer_scheduler.v"
_LANES = "xc_transfer_lanes.v"


def _tied(name: str, file: str, port: str, source: str, value: str) -> Mutant:
    """An output of a module that carries a constant."""
    return Mutant(name, file, f"assign {port} = {source};\n", f"assign {port} = {value};\n")


# Nothing moves any more, in one way for every handshake of the controller.
HANGS = (
    Mutant("stuck in the clear sweep", _SCHEDULER, "      if (last_addr) begin\n", "      if (1'b0) begin\n"),
    _tied("updates never asked for", _SCHEDULER, "m_upd_valid", "m_upd_valid_reg", "1'b0"),
    _tied("reads never asked for", _SCHEDULER, "m_rd_valid", "m_rd_valid_reg", "1'b0"),
    _tied(
        "codes never taken", _SCHEDULER, "s_adc_ready",
        "outstanding_reg && !lanes_wait && !(beat_first && (lanes_busy || pulses_wait))", "1'b0",
    ),
    _tied("writes never asked for", "xc_pulse_output.v", "m_wr_valid", "valid_reg", "1'b0"),
    _tied("nothing retires", _LANES, "trc_valid", "trc_valid_reg", "1'b0"),
)  # fmt: skip

# An output that carries x or z, with the fields of which one has to say so.
UNDEFINED = (
    (_tied("H not driven", _LANES, "trc_h", "trc_h_reg", "{LANES*H_W{1'bz}}"), {"h"}),
    (_tied("P of one lane x", _LANES, "trc_p", "trc_p_reg", "{1'bx, trc_p_reg[LANES*P_W-2:0]}"), {"p"}),
    (_tied("column of the trace x", _LANES, "trc_col", "trc_col_reg", "{COL_W{1'bx}}"), {"col"}),
    (_tied("retirement x", _LANES, "trc_valid", "trc_valid_reg", "1'bx"), {"protocol of the retire trace"}),
    (_tied("retirement not driven", _LANES, "trc_valid", "trc_valid_reg", "1'bz"), {"protocol of the retire trace"}),
    (_tied("update request x", _SCHEDULER, "m_upd_valid", "m_upd_valid_reg", "1'bx"),
     {"protocol of the update request"}),
    (_tied("read request not driven", _SCHEDULER, "m_rd_valid", "m_rd_valid_reg", "1'bz"),
     {"protocol of the read request"}),
    (_tied("read column x", _SCHEDULER, "m_rd_col", "col_reg", "{COL_W{1'bx}}"), {"protocol of the read request"}),
    (_tied("write column x", "xc_pulse_output.v", "m_wr_col", "in_col", "{COL_W{1'bx}}"),
     {"protocol of the write request"}),
    (_tied("chop signs x", "xc_chopper.v", "chop", "chop_reg", "{COLS{1'bx}}"), {"protocol of the update request"}),
    (_tied("tick ready x", _SCHEDULER, "s_smp_ready", "phase_idle || (upd_done && !last_sample) || read_done", "1'bx"),
     {"protocol of the ready outputs"}),
    (Mutant("code ready x", "xc_controller.v", "    .s_adc_ready(s_adc_ready),\n", "    .s_adc_ready(),\n"),
     {"protocol of the ready outputs"}),
    (Mutant("H not cleared", "xc_state_store.v",
            "    .DATA_W(LANES*H_W),\n    .DEPTH(DEPTH),\n    .MEM_PORTS(MEM_PORTS)\n)\n"
            "h_ram_inst (\n    .clk(clk),\n    .rd_en(rd_en),\n"
            "    .rd_addr(rd_addr),\n    .rd_data(rd_h),\n    .wr_en(mem_wr_en),\n",
            "    .DATA_W(LANES*H_W),\n    .DEPTH(DEPTH),\n    .MEM_PORTS(MEM_PORTS)\n)\n"
            "h_ram_inst (\n    .clk(clk),\n    .rd_en(rd_en),\n"
            "    .rd_addr(rd_addr),\n    .rd_data(rd_h),\n    .wr_en(wr_en),\n"),
     {"h", "protocol of the write request"}),
    (Mutant("counter not reset", "xc_cycle_counters.v", "        hold_reg <= 32'd0;\n", ""), {"cycles in phase hold"}),
)  # fmt: skip

_CHOPPER = (
    "xc_chopper #(\n    .COLS(COLS),\n    .CHOP_MODE(CHOP_MODE),\n    .LFSR_SEED(LFSR_SEED)\n)\nxc_chopper_inst (\n"
    "    .clk(clk),\n    .rst(rst),\n    .cfg_chop(cfg_chop),\n    .read_done(read_done),\n"
    "    .period_end(period_end),\n    .read_col(m_rd_col),\n    .flip(flip),\n    .chop("
)
_GLITCH = "reg glitch_reg = 1'b0;\nalways @(posedge clk) glitch_reg <= {request} && !glitch_reg;\n"


def _withdrawn(name: str, file: str, port: str, source: str) -> Mutant:
    """A request that is up in every other cycle."""
    glitch = _GLITCH.format(request=source)
    return Mutant(name, file, f"assign {port} = {source};\n", f"{glitch}assign {port} = {source} && !glitch_reg;\n")


PROTOCOL = (
    (_withdrawn("update withdrawn", _SCHEDULER, "m_upd_valid", "m_upd_valid_reg"), "protocol of the update request"),
    (_withdrawn("read withdrawn", _SCHEDULER, "m_rd_valid", "m_rd_valid_reg"), "protocol of the read request"),
    (_withdrawn("write withdrawn", "xc_pulse_output.v", "m_wr_valid", "valid_reg"), "protocol of the write request"),
    (Mutant("signs change during an update", "xc_chopper.v", "    assign chop = chop_reg;\n",
            "    reg turn_reg = 1'b0;\n    always @(posedge clk) turn_reg <= !turn_reg;\n"
            "    assign chop = chop_reg ^ {COLS{turn_reg}};\n"),
     "protocol of the update request"),
    (Mutant("signs flip an update late", "xc_controller.v", _CHOPPER + "m_upd_chop),\n",
            "wire [COLS-1:0] early_chop;\nreg [COLS-1:0] late_chop_reg = 0;\nassign m_upd_chop = late_chop_reg;\n"
            "always @(posedge clk) if (m_upd_valid && m_upd_ready) late_chop_reg <= early_chop;\n"
            + _CHOPPER + "early_chop),\n"),
     "chop signs changed between two reads"),
    (Mutant("column changes during a read", _SCHEDULER, "assign m_rd_col = col_reg;\n",
            "reg turn_reg = 1'b0;\nalways @(posedge clk) turn_reg <= !turn_reg;\n"
            "assign m_rd_col = turn_reg ? {COL_W{1'b0}} : col_reg;\n"),
     "protocol of the read request"),
    (_tied("beats of the trace without number", _LANES, "trc_beat", "trc_beat_reg", "{BEAT_W{1'b0}}"),
     "protocol of the retire trace"),
    (_tied("trace without last beat", _LANES, "trc_last", "trc_last_reg", "1'b0"), "protocol of the retire trace"),
    (_tied("trace forgets the column after a beat", _LANES, "trc_col", "trc_col_reg",
           "trc_last_reg ? {COL_W{1'b0}} : trc_col_reg"),
     "protocol of the retire trace"),
)  # fmt: skip

# One for every field of the scoreboard that the mutants do not reach first.
FIELDS = (
    (_tied("retired with the next column", _LANES, "trc_col", "trc_col_reg", "trc_col_reg ^ 1'b1"), "column"),
    (_tied("sign of the trace inverted", _LANES, "trc_chop", "trc_chop_reg", "!trc_chop_reg"), "chop"),
    (_tied("flip not traced", _LANES, "trc_flip", "trc_flip_reg", "1'b0"), "flip"),
    (_tied("codes of the trace changed", _LANES, "trc_codes", "trc_codes_reg", "trc_codes_reg ^ 1'b1"), "codes"),
    (_tied("P^ref of the trace changed", _LANES, "trc_pref", "trc_pref_reg", "trc_pref_reg ^ 1'b1"), "PREF"),
    (_tied("pulses not traced", _LANES, "trc_pulses", "trc_pulses_reg", "{LANES*STEP_W{1'b0}}"), "pulses"),
    (Mutant("write without pulses", "xc_pulse_output.v", "valid_reg <= any;", "valid_reg <= 1'b1;"), "writes of W"),
    (_tied("another column written", "xc_pulse_output.v", "m_wr_col", "in_col", "in_col ^ 1'b1"), "write column"),
    (_tied("column that does not exist", _SCHEDULER, "m_rd_col", "col_reg", "{COL_W{1'b1}}"), "read column"),
    (Mutant("read an update early", _SCHEDULER, "sample_reg == cfg_transfer_every - 16'd1;",
            "sample_reg == cfg_transfer_every - 16'd2;"),
     "updates before the read"),
)  # fmt: skip

# Codes of lanes that have no row get into the stores; the trace shows something beside the rows.
PADDING = (
    Mutant("codes past the last row used", _LANES, "= beat_last ? {ADC_W{1'b0}}\n", "= 1'b0 ? {ADC_W{1'b0}}\n"),
    _tied("trace of P past the last row", _LANES, "trc_p", "trc_p_reg",
          "trc_last_reg ? trc_p_reg | {1'b1, {(LANES*P_W-1){1'b0}}} : trc_p_reg"),
)  # fmt: skip

# Right numbers at the wrong time. The counters: every phase one too many per cycle.
LATE_READ = Mutant(
    "read a cycle late", _SCHEDULER, "m_rd_valid_reg <= state_next == STATE_READ;",
    "m_rd_valid_reg <= state_next == STATE_READ && state_reg == STATE_READ;",
)  # fmt: skip


def double_count(phase: str) -> Mutant:
    """A cycle counter that counts in steps of 2."""
    return Mutant(
        f"{phase} counted twice", "xc_cycle_counters.v", f"{phase}_reg <= {phase}_reg + 32'd1;",
        f"{phase}_reg <= {phase}_reg + 32'd2;",
    )  # fmt: skip
