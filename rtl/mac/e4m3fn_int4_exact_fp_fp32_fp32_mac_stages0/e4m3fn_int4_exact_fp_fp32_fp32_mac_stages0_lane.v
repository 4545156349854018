
// Decodes one pair of operands and multiplies them.
module e4m3fn_int4_exact_fp_fp32_fp32_mac_stages0_lane (
  input [7:0] a,
  input [3:0] b,
  output [8:0] o_significand,
  output [3:0] o_exponent,
  output o_nan
);
  wire [3:0] a_exponent;
  wire a_nan;
  wire a_sign;
  wire [3:0] a_significand;
  wire a_zero;
  wire [3:0] b_significand;
  e4m3fn_int4_exact_fp_fp32_fp32_mac_stages0_binary_float_decoder_2 decode_a (
    .i(a),
    .o_exponent(a_exponent),
    .o_nan(a_nan),
    .o_sign(a_sign),
    .o_significand(a_significand),
    .o_zero(a_zero)
  );
  e4m3fn_int4_exact_fp_fp32_fp32_mac_stages0_fixed_point_decoder decode_b (
    .i(b),
    .o_significand(b_significand)
  );
  e4m3fn_int4_exact_fp_fp32_fp32_mac_stages0_exact_multiplier multiply (
    .a_exponent(a_exponent),
    .a_nan(a_nan),
    .a_sign(a_sign),
    .a_significand(a_significand),
    .a_zero(a_zero),
    .b_significand(b_significand),
    .o_exponent(o_exponent),
    .o_nan(o_nan),
    .o_significand(o_significand)
  );
endmodule
