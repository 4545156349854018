
// Adds exponent and fraction of both operands and a constant, as one integer or as two.
module e4m3fn_lmul_fp_fp32_fp32_mac_stages0_l_mul_multiplier (
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
  output [3:0] o_significand,
  output o_zero,
  output o_sign,
  output [3:0] o_exponent,
  output o_nan
);
  wire clamp;
  wire [7:0] n;
  wire n_10;
  wire [3:0] n_11;
  wire [1:0] n_12;
  wire [9:0] n_2;
  wire n_3;
  wire n_4;
  wire n_5;
  wire n_6;
  wire n_7;
  wire n_8;
  wire n_9;
  assign n = { 1'h0, a_exponent, a_significand[2:0] } + { 1'h0, b_exponent, b_significand[2:0] };
  assign n_2 = { 2'h0, n } + 10'h3c9;
  assign n_4 = n_9 & n_3;
  assign n_5 = n_8 | n_4;
  assign n_6 = ~ a_significand[3];
  assign n_7 = ~ a_nan;
  assign n_8 = n_6 & n_7;
  assign n_3 = ~ b_nan;
  assign n_10 = $signed(n_2[8:0]) < $signed(9'h008);
  assign o_zero = n_5 | n_10;
  assign clamp = $signed(n_2[8:0]) > $signed(9'h07e);
  assign o_sign = a_sign ^ b_sign;
  assign n_11 = clamp ? 4'he : { 1'h1, n_2[2:0] };
  assign o_significand = o_zero ? 4'h0 : n_11;
  assign { n_12, o_exponent } = clamp ? 6'h0f : n_2[8:3];
  assign o_nan = a_nan | b_nan;
  assign n_9 = ~ b_significand[3];
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n_2[9], n_12, a_zero, b_zero};
endmodule
