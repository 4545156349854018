
// Decodes a state that holds the sum as a code of a float, in the field `total`.
module e4m3fn_lmul_fp_fp32_fp32_mac_stages0_decoded_read (
  input [31:0] state,
  output [23:0] o_significand,
  output o_zero,
  output o_sign,
  output [7:0] o_exponent,
  output o_nan,
  output o_inf
);
  e4m3fn_lmul_fp_fp32_fp32_mac_stages0_binary_float_decoder decode (
    .i(state),
    .o_exponent(o_exponent),
    .o_inf(o_inf),
    .o_nan(o_nan),
    .o_sign(o_sign),
    .o_significand(o_significand),
    .o_zero(o_zero)
  );
endmodule
