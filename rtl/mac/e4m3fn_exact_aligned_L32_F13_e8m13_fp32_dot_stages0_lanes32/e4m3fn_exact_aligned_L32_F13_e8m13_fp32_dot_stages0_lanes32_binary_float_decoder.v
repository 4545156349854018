
// Splits sign, exponent field and fraction, and restores the hidden bit.
module e4m3fn_exact_aligned_L32_F13_e8m13_fp32_dot_stages0_lanes32_binary_float_decoder (
  input [21:0] i,
  output [13:0] o_significand,
  output o_zero,
  output o_sign,
  output [7:0] o_exponent,
  output o_nan,
  output o_inf
);
  wire n;
  wire n_2;
  wire n_3;
  wire n_4;
  wire n_5;
  assign n_3 = & i[20:13];
  assign n_4 = | i[12:0];
  assign n_5 = ~ n_4;
  assign o_inf = n_3 & n_5;
  assign o_significand[13] = | i[20:13];
  assign n = ~ o_significand[13];
  assign o_exponent = i[20:13] | { 7'h00, n };
  assign n_2 = | i[20:0];
  assign o_zero = ~ n_2;
  assign o_nan = n_3 & n_4;
  assign o_sign = i[21];
  assign o_significand[12:0] = i[12:0];
endmodule
