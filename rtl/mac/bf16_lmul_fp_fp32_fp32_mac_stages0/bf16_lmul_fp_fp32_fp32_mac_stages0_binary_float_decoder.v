
// Splits sign, exponent field and fraction, and restores the hidden bit.
module bf16_lmul_fp_fp32_fp32_mac_stages0_binary_float_decoder (
  input [31:0] i,
  output [23:0] o_significand,
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
  assign o_significand[23] = | i[30:23];
  assign n = ~ o_significand[23];
  assign o_exponent = i[30:23] | { 7'h00, n };
  assign n_2 = | i[30:0];
  assign o_zero = ~ n_2;
  assign o_nan = n_3 & i[22];
  assign n_3 = & i[30:23];
  assign n_4 = ~ i[22];
  assign o_inf = n_3 & n_4;
  assign o_sign = i[31];
  assign o_significand[22:0] = i[22:0];
endmodule
