
// A group of products in each cycle, the running sum out.
module bf16_lmul_fp_fp32_fp32_mac_stages0_running (
  input clk,
  input rst,
  input i_valid,
  input i_first,
  input [7:0] i0_significand,
  input i0_zero,
  input i0_sign,
  input [7:0] i0_exponent,
  input i0_nan,
  input i0_inf,
  output [23:0] o_significand,
  output o_zero,
  output o_sign,
  output [7:0] o_exponent,
  output o_nan,
  output o_inf
);
  wire [31:0] n;
  wire [31:0] n_2;
  wire [31:0] next;
  reg [31:0] state;
  always @(posedge clk)
    state <= n;
  assign n_2 = i_valid ? next : state;
  assign n = rst ? 32'd0 : n_2;
  bf16_lmul_fp_fp32_fp32_mac_stages0_decoded_read read (
    .o_exponent(o_exponent),
    .o_inf(o_inf),
    .o_nan(o_nan),
    .o_sign(o_sign),
    .o_significand(o_significand),
    .o_zero(o_zero),
    .state(state)
  );
  bf16_lmul_fp_fp32_fp32_mac_stages0_fused_float_step step (
    .clear(i_first),
    .i0_exponent(i0_exponent),
    .i0_inf(i0_inf),
    .i0_nan(i0_nan),
    .i0_sign(i0_sign),
    .i0_significand(i0_significand),
    .i0_zero(i0_zero),
    .next(next),
    .state(state)
  );
endmodule
