
// Splits sign, exponent field and fraction, and restores the hidden bit.
module e5m2_lmul_kulisch_bf16_dot_stages0_lanes4_binary_float_decoder (
  input [7:0] i,
  output [2:0] o_significand,
  output o_zero,
  output o_sign,
  output [4:0] o_exponent,
  output o_nan,
  output o_inf
);
  wire n;
  wire n_2;
  wire n_3;
  wire n_4;
  wire n_5;
  assign n_3 = & i[6:2];
  assign n_4 = | i[1:0];
  assign n_5 = ~ n_4;
  assign o_inf = n_3 & n_5;
  assign o_significand[2] = | i[6:2];
  assign n = ~ o_significand[2];
  assign o_exponent = i[6:2] | { 4'h0, n };
  assign n_2 = | i[6:0];
  assign o_zero = ~ n_2;
  assign o_nan = n_3 & n_4;
  assign o_sign = i[7];
  assign o_significand[1:0] = i[1:0];
endmodule
