// SPDX-License-Identifier: Apache-2.0

/*
 * The contract of the store of a transfer controller, with the store in its place: what every other proof about an element
 * assumes (fv_transfer_records.vh).
 */

`define FV_STORE_IN_PLACE

module fv_transfer_store
`include "shared/fv_transfer.vh"
`include "shared/fv_transfer_inside.vh"
`include "shared/fv_transfer_records.vh"

always @(posedge clk) begin
    if (on && shown) begin
        // what is read of an element is what was written back last, P^ref with a flip, zero behind the clear sweep
        p_store: assert (read_right);
        // something else than zero is read
        c_read: assert (h_kept == 0);
    end
end

endmodule
