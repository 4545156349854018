
// Decodes one pair of operands and multiplies them.
module e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_lane (
  input [3:0] a,
  input [3:0] b,
  output [3:0] o_significand,
  output o_zero,
  output o_sign,
  output [2:0] o_exponent
);
  wire [1:0] a_exponent;
  wire a_sign;
  wire [1:0] a_significand;
  wire a_zero;
  wire [1:0] b_exponent;
  wire b_sign;
  wire [1:0] b_significand;
  wire b_zero;
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_binary_float_decoder decode_a (
    .i(a),
    .o_exponent(a_exponent),
    .o_sign(a_sign),
    .o_significand(a_significand),
    .o_zero(a_zero)
  );
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_binary_float_decoder decode_b (
    .i(b),
    .o_exponent(b_exponent),
    .o_sign(b_sign),
    .o_significand(b_significand),
    .o_zero(b_zero)
  );
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_exact_multiplier multiply (
    .a_exponent(a_exponent),
    .a_sign(a_sign),
    .a_significand(a_significand),
    .a_zero(a_zero),
    .b_exponent(b_exponent),
    .b_sign(b_sign),
    .b_significand(b_significand),
    .b_zero(b_zero),
    .o_exponent(o_exponent),
    .o_sign(o_sign),
    .o_significand(o_significand),
    .o_zero(o_zero)
  );
endmodule
