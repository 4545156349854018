
// Multiplies significands and adds exponents; nothing is normalised or rounded.
module e4m3fn_int4_exact_fp_fp32_fp32_mac_stages0_exact_multiplier (
  input [3:0] a_significand,
  input a_zero,
  input a_sign,
  input [3:0] a_exponent,
  input a_nan,
  input [3:0] b_significand,
  output [8:0] o_significand,
  output [3:0] o_exponent,
  output o_nan
);
  wire [4:0] n;
  wire [4:0] n_2;
  assign n_2 = a_sign ? n : { 1'h0, a_significand };
  assign o_significand = $signed(n_2) * $signed(b_significand);
  assign n = - { 1'h0, a_significand };
  assign o_exponent = a_exponent;
  assign o_nan = a_nan;
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    a_zero};
endmodule
