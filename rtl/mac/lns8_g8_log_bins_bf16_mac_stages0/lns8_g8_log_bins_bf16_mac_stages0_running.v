
// A group of products in each cycle, the running sum out.
module lns8_g8_log_bins_bf16_mac_stages0_running (
  input clk,
  input rst,
  input i_valid,
  input i_first,
  input [12:0] i0_significand,
  input i0_zero,
  input i0_sign,
  input [4:0] i0_exponent,
  input [7:0] i0_log,
  output [60:0] o_significand
);
  wire [391:0] n;
  wire [391:0] n_2;
  wire [391:0] next;
  reg [391:0] state;
  always @(posedge clk)
    state <= n;
  assign n_2 = i_valid ? next : state;
  assign n = rst ? 392'h00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000 : n_2;
  lns8_g8_log_bins_bf16_mac_stages0_bins_read read (
    .o_significand(o_significand),
    .state(state)
  );
  lns8_g8_log_bins_bf16_mac_stages0_bins_step step (
    .clear(i_first),
    .i0_exponent(i0_exponent),
    .i0_log(i0_log),
    .i0_sign(i0_sign),
    .i0_significand(i0_significand),
    .i0_zero(i0_zero),
    .next(next),
    .state(state)
  );
endmodule
