
// Splits sign, exponent field and fraction, and restores the hidden bit.
module e4m3fn_exact_kulisch_bf16_mac_stages0_binary_float_decoder (
  input [7:0] i,
  output [3:0] o_significand,
  output o_zero,
  output o_sign,
  output [3:0] o_exponent,
  output o_nan
);
  wire n;
  wire n_2;
  assign o_significand[3] = | i[6:3];
  assign n = ~ o_significand[3];
  assign o_exponent = i[6:3] | { 3'h0, n };
  assign n_2 = | i[6:0];
  assign o_zero = ~ n_2;
  assign o_nan = & i[6:0];
  assign o_sign = i[7];
  assign o_significand[2:0] = i[2:0];
endmodule
