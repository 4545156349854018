
// Splits sign, exponent field and fraction, and restores the hidden bit.
module e4m3fn_exact_fp_fp32_fp32_mac_stages0_binary_float_decoder (
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
  assign o_inf = n & n_2;
  assign o_significand[23] = | i[30:23];
  assign o_zero = ~ o_significand[23];
  assign o_nan = n & i[22];
  assign n = & i[30:23];
  assign n_2 = ~ i[22];
  assign o_exponent = i[30:23];
  assign o_sign = i[31];
  assign o_significand[22:0] = i[22:0];
endmodule
