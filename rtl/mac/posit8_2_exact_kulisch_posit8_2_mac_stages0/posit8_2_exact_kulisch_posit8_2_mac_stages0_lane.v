
// Decodes one pair of operands and multiplies them.
module posit8_2_exact_kulisch_posit8_2_mac_stages0_lane (
  input [7:0] a,
  input [7:0] b,
  output [7:0] o_significand,
  output o_zero,
  output o_sign,
  output [6:0] o_exponent,
  output o_nan
);
  wire [5:0] a_exponent;
  wire a_nan;
  wire a_sign;
  wire [3:0] a_significand;
  wire a_zero;
  wire [5:0] b_exponent;
  wire b_nan;
  wire b_sign;
  wire [3:0] b_significand;
  wire b_zero;
  posit8_2_exact_kulisch_posit8_2_mac_stages0_posit_decoder decode_a (
    .i(a),
    .o_exponent(a_exponent),
    .o_nan(a_nan),
    .o_sign(a_sign),
    .o_significand(a_significand),
    .o_zero(a_zero)
  );
  posit8_2_exact_kulisch_posit8_2_mac_stages0_posit_decoder decode_b (
    .i(b),
    .o_exponent(b_exponent),
    .o_nan(b_nan),
    .o_sign(b_sign),
    .o_significand(b_significand),
    .o_zero(b_zero)
  );
  posit8_2_exact_kulisch_posit8_2_mac_stages0_exact_multiplier multiply (
    .a_exponent(a_exponent),
    .a_nan(a_nan),
    .a_sign(a_sign),
    .a_significand(a_significand),
    .a_zero(a_zero),
    .b_exponent(b_exponent),
    .b_nan(b_nan),
    .b_sign(b_sign),
    .b_significand(b_significand),
    .b_zero(b_zero),
    .o_exponent(o_exponent),
    .o_nan(o_nan),
    .o_sign(o_sign),
    .o_significand(o_significand),
    .o_zero(o_zero)
  );
endmodule
