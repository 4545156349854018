
// Multiplies significands and adds exponents; nothing is normalised or rounded.
module e4m3fn_exact_aligned_L32_F13_e8m13_fp32_dot_stages0_lanes32_exact_multiplier (
  input [3:0] a_significand,
  input a_zero,
  input a_sign,
  input [3:0] a_exponent,
  input a_nan,
  input [3:0] b_significand,
  input b_zero,
  input b_sign,
  input [3:0] b_exponent,
  input b_nan,
  output [7:0] o_significand,
  output o_zero,
  output o_sign,
  output [4:0] o_exponent,
  output o_nan
);
  assign o_sign = a_sign ^ b_sign;
  assign o_significand = a_significand * b_significand;
  assign o_exponent = { 1'h0, a_exponent } + { 1'h0, b_exponent };
  assign o_zero = a_zero | b_zero;
  assign o_nan = a_nan | b_nan;
endmodule
