
// A group of products in each cycle, the running sum out.
module e4m3fn_exact_kulisch_bf16_mac_stages0_running (
  input clk,
  input rst,
  input i_valid,
  input i_first,
  input [7:0] i0_significand,
  input i0_zero,
  input i0_sign,
  input [4:0] i0_exponent,
  input i0_nan,
  output [52:0] o_significand,
  output o_nan
);
  wire [53:0] n;
  wire [53:0] n_2;
  wire [53:0] next;
  reg [53:0] state;
  always @(posedge clk)
    state <= n;
  assign n_2 = i_valid ? next : state;
  assign n = rst ? 54'h00000000000000 : n_2;
  e4m3fn_exact_kulisch_bf16_mac_stages0_kulisch_read read (
    .o_nan(o_nan),
    .o_significand(o_significand),
    .state(state)
  );
  e4m3fn_exact_kulisch_bf16_mac_stages0_kulisch_step step (
    .clear(i_first),
    .i0_exponent(i0_exponent),
    .i0_nan(i0_nan),
    .i0_sign(i0_sign),
    .i0_significand(i0_significand),
    .i0_zero(i0_zero),
    .next(next),
    .state(state)
  );
endmodule
