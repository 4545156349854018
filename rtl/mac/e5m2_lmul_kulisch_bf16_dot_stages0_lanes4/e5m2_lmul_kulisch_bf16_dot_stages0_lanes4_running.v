
// A group of products in each cycle, the running sum out.
module e5m2_lmul_kulisch_bf16_dot_stages0_lanes4_running (
  input clk,
  input rst,
  input i_valid,
  input i_first,
  input [2:0] i0_significand,
  input i0_zero,
  input i0_sign,
  input [4:0] i0_exponent,
  input i0_nan,
  input i0_inf,
  input [2:0] i1_significand,
  input i1_zero,
  input i1_sign,
  input [4:0] i1_exponent,
  input i1_nan,
  input i1_inf,
  input [2:0] i2_significand,
  input i2_zero,
  input i2_sign,
  input [4:0] i2_exponent,
  input i2_nan,
  input i2_inf,
  input [2:0] i3_significand,
  input i3_zero,
  input i3_sign,
  input [4:0] i3_exponent,
  input i3_nan,
  input i3_inf,
  output [48:0] o_significand,
  output o_nan,
  output o_inf,
  output o_inf_sign
);
  wire [51:0] n;
  wire [51:0] n_2;
  wire [51:0] next;
  reg [51:0] state;
  always @(posedge clk)
    state <= n;
  assign n_2 = i_valid ? next : state;
  assign n = rst ? 52'h0000000000000 : n_2;
  e5m2_lmul_kulisch_bf16_dot_stages0_lanes4_kulisch_read read (
    .o_inf(o_inf),
    .o_inf_sign(o_inf_sign),
    .o_nan(o_nan),
    .o_significand(o_significand),
    .state(state)
  );
  e5m2_lmul_kulisch_bf16_dot_stages0_lanes4_kulisch_step step (
    .clear(i_first),
    .i0_exponent(i0_exponent),
    .i0_inf(i0_inf),
    .i0_nan(i0_nan),
    .i0_sign(i0_sign),
    .i0_significand(i0_significand),
    .i0_zero(i0_zero),
    .i1_exponent(i1_exponent),
    .i1_inf(i1_inf),
    .i1_nan(i1_nan),
    .i1_sign(i1_sign),
    .i1_significand(i1_significand),
    .i1_zero(i1_zero),
    .i2_exponent(i2_exponent),
    .i2_inf(i2_inf),
    .i2_nan(i2_nan),
    .i2_sign(i2_sign),
    .i2_significand(i2_significand),
    .i2_zero(i2_zero),
    .i3_exponent(i3_exponent),
    .i3_inf(i3_inf),
    .i3_nan(i3_nan),
    .i3_sign(i3_sign),
    .i3_significand(i3_significand),
    .i3_zero(i3_zero),
    .next(next),
    .state(state)
  );
endmodule
