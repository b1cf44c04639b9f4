// SPDX-License-Identifier: Apache-2.0
//
// Main program of a bench under Verilator: cocotb's, with waves that are written only while the bench's py_dump is high.
// Verilator itself ignores $dumpon and $dumpoff. XC_TOP is the name of the bench, XC_COCOTB_MAIN cocotb's source

#include "verilated.h"
#include "verilated_vpi.h"

#if VM_TRACE
#include "verilated_fst_c.h"

class XcWindowedFst : public VerilatedFstC {
public:
    void dump(uint64_t time) {
        if (!dump_handle) dump_handle = vpi_handle_by_name(const_cast<PLI_BYTE8*>(XC_TOP ".py_dump"), nullptr);
        s_vpi_value value;
        value.format = vpiIntVal;
        vpi_get_value(dump_handle, &value);
        if (value.value.integer) VerilatedFstC::dump(time);
    }

private:
    vpiHandle dump_handle = nullptr;
};

#define VerilatedFstC XcWindowedFst
#endif

#include XC_COCOTB_MAIN
