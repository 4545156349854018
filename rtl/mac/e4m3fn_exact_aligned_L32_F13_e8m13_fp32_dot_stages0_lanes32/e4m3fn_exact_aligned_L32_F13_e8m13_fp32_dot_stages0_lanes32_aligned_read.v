
// Decodes the sum; its fraction is padded with zeros where the default output is wider.
module e4m3fn_exact_aligned_L32_F13_e8m13_fp32_dot_stages0_lanes32_aligned_read (
  input [21:0] state,
  output [23:0] o_significand,
  output o_zero,
  output o_sign,
  output [7:0] o_exponent,
  output o_nan,
  output o_inf
);
  e4m3fn_exact_aligned_L32_F13_e8m13_fp32_dot_stages0_lanes32_binary_float_decoder decode (
    .i(state),
    .o_exponent(o_exponent),
    .o_inf(o_inf),
    .o_nan(o_nan),
    .o_sign(o_sign),
    .o_significand(o_significand[23:10]),
    .o_zero(o_zero)
  );
  assign o_significand[9:0] = 10'h000;
endmodule
