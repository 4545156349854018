
// Multiplies significands and adds exponents; nothing is normalised or rounded.
module e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_exact_multiplier (
  input [1:0] a_significand,
  input a_zero,
  input a_sign,
  input [1:0] a_exponent,
  input [1:0] b_significand,
  input b_zero,
  input b_sign,
  input [1:0] b_exponent,
  output [3:0] o_significand,
  output o_zero,
  output o_sign,
  output [2:0] o_exponent
);
  assign o_sign = a_sign ^ b_sign;
  assign o_significand = a_significand * b_significand;
  assign o_exponent = { 1'h0, a_exponent } + { 1'h0, b_exponent };
  assign o_zero = a_zero | b_zero;
endmodule
