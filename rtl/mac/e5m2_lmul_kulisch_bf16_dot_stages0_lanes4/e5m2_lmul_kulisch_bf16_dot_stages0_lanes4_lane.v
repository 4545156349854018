
// Decodes one pair of operands and multiplies them.
module e5m2_lmul_kulisch_bf16_dot_stages0_lanes4_lane (
  input [7:0] a,
  input [7:0] b,
  output [2:0] o_significand,
  output o_zero,
  output o_sign,
  output [4:0] o_exponent,
  output o_nan,
  output o_inf
);
  wire [4:0] a_exponent;
  wire a_inf;
  wire a_nan;
  wire a_sign;
  wire [2:0] a_significand;
  wire a_zero;
  wire [4:0] b_exponent;
  wire b_inf;
  wire b_nan;
  wire b_sign;
  wire [2:0] b_significand;
  wire b_zero;
  e5m2_lmul_kulisch_bf16_dot_stages0_lanes4_binary_float_decoder decode_a (
    .i(a),
    .o_exponent(a_exponent),
    .o_inf(a_inf),
    .o_nan(a_nan),
    .o_sign(a_sign),
    .o_significand(a_significand),
    .o_zero(a_zero)
  );
  e5m2_lmul_kulisch_bf16_dot_stages0_lanes4_binary_float_decoder decode_b (
    .i(b),
    .o_exponent(b_exponent),
    .o_inf(b_inf),
    .o_nan(b_nan),
    .o_sign(b_sign),
    .o_significand(b_significand),
    .o_zero(b_zero)
  );
  e5m2_lmul_kulisch_bf16_dot_stages0_lanes4_l_mul_multiplier multiply (
    .a_exponent(a_exponent),
    .a_inf(a_inf),
    .a_nan(a_nan),
    .a_sign(a_sign),
    .a_significand(a_significand),
    .a_zero(a_zero),
    .b_exponent(b_exponent),
    .b_inf(b_inf),
    .b_nan(b_nan),
    .b_sign(b_sign),
    .b_significand(b_significand),
    .b_zero(b_zero),
    .o_exponent(o_exponent),
    .o_inf(o_inf),
    .o_nan(o_nan),
    .o_sign(o_sign),
    .o_significand(o_significand),
    .o_zero(o_zero)
  );
endmodule
