
// Multiplies significands and adds exponents; nothing is normalised or rounded.
module e5m2_exact_e5m2_fma_stages0_exact_multiplier (
  input [2:0] a_significand,
  input a_zero,
  input a_sign,
  input [4:0] a_exponent,
  input a_nan,
  input a_inf,
  input [2:0] b_significand,
  input b_zero,
  input b_sign,
  input [4:0] b_exponent,
  input b_nan,
  input b_inf,
  output [5:0] o_significand,
  output o_zero,
  output o_sign,
  output [5:0] o_exponent,
  output o_nan,
  output o_inf
);
  wire n;
  wire n_2;
  wire n_3;
  wire n_4;
  assign o_sign = a_sign ^ b_sign;
  assign o_significand = a_significand * b_significand;
  assign o_exponent = { 1'h0, a_exponent } + { 1'h0, b_exponent };
  assign o_zero = a_zero | b_zero;
  assign n = a_nan | b_nan;
  assign n_2 = a_inf & b_zero;
  assign n_3 = n | n_2;
  assign n_4 = a_zero & b_inf;
  assign o_nan = n_3 | n_4;
  assign o_inf = a_inf | b_inf;
endmodule
