
// Splits sign, exponent field and fraction, and restores the hidden bit.
module bf16_lmul_fp_fp32_fp32_mac_stages0_binary_float_decoder_2 (
  input [15:0] i,
  output [7:0] o_significand,
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
  assign n_3 = & i[14:7];
  assign n_4 = | i[6:0];
  assign n_5 = ~ n_4;
  assign o_inf = n_3 & n_5;
  assign o_significand[7] = | i[14:7];
  assign n = ~ o_significand[7];
  assign o_exponent = i[14:7] | { 7'h00, n };
  assign n_2 = | i[14:0];
  assign o_zero = ~ n_2;
  assign o_nan = n_3 & n_4;
  assign o_sign = i[15];
  assign o_significand[6:0] = i[6:0];
endmodule
