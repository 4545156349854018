
// Splits sign, exponent field and fraction, and restores the hidden bit.
module e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_binary_float_decoder (
  input [3:0] i,
  output [1:0] o_significand,
  output o_zero,
  output o_sign,
  output [1:0] o_exponent
);
  wire n;
  wire n_2;
  assign o_significand[1] = | i[2:1];
  assign n = ~ o_significand[1];
  assign o_exponent = i[2:1] | { 1'h0, n };
  assign n_2 = | i[2:0];
  assign o_zero = ~ n_2;
  assign o_sign = i[3];
  assign o_significand[0] = i[0];
endmodule
