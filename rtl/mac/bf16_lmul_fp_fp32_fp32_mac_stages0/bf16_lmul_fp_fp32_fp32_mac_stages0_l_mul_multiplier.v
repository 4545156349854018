
// Adds exponent and fraction of both operands and a constant, as one integer or as two.
module bf16_lmul_fp_fp32_fp32_mac_stages0_l_mul_multiplier (
  input [7:0] a_significand,
  input a_zero,
  input a_sign,
  input [7:0] a_exponent,
  input a_nan,
  input a_inf,
  input [7:0] b_significand,
  input b_zero,
  input b_sign,
  input [7:0] b_exponent,
  input b_nan,
  input b_inf,
  output [7:0] o_significand,
  output o_zero,
  output o_sign,
  output [7:0] o_exponent,
  output o_nan,
  output o_inf
);
  wire clamp;
  wire [15:0] n;
  wire n_10;
  wire n_11;
  wire n_12;
  wire n_13;
  wire n_14;
  wire n_15;
  wire n_16;
  wire n_17;
  wire n_18;
  wire n_19;
  wire [17:0] n_2;
  wire [7:0] n_20;
  wire [1:0] n_21;
  wire n_22;
  wire n_23;
  wire n_24;
  wire n_25;
  wire n_3;
  wire n_4;
  wire n_5;
  wire n_6;
  wire n_7;
  wire n_8;
  wire n_9;
  assign o_nan = n_24 | n_25;
  assign n = { 1'h0, a_exponent, a_significand[6:0] } + { 1'h0, b_exponent, b_significand[6:0] };
  assign n_2 = { 2'h0, n } + 18'h3c088;
  assign n_3 = a_inf | b_inf;
  assign n_10 = ~ n_9;
  assign n_11 = clamp & n_10;
  assign o_inf = n_3 | n_11;
  assign n_14 = n_12 & n_13;
  assign n_6 = n_4 & n_5;
  assign n_8 = n_6 & n_7;
  assign n_9 = n_16 | n_8;
  assign n_17 = $signed(n_2[16:0]) < $signed(17'h00080);
  assign n_18 = n_9 | n_17;
  assign n_19 = ~ o_inf;
  assign o_zero = n_18 & n_19;
  assign clamp = $signed(n_2[16:0]) > $signed(17'h07f7f);
  assign o_sign = a_sign ^ b_sign;
  assign n_20 = clamp ? 8'hff : { 1'h1, n_2[6:0] };
  assign o_significand = o_zero ? 8'h00 : n_20;
  assign { n_21, o_exponent } = clamp ? 10'h0fe : n_2[16:7];
  assign n_22 = a_nan | b_nan;
  assign n_4 = ~ b_significand[7];
  assign n_5 = ~ b_nan;
  assign n_7 = ~ b_inf;
  assign n_23 = a_inf & n_8;
  assign n_24 = n_22 | n_23;
  assign n_12 = ~ a_significand[7];
  assign n_13 = ~ a_nan;
  assign n_15 = ~ a_inf;
  assign n_16 = n_14 & n_15;
  assign n_25 = n_16 & b_inf;
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n_2[17], n_21, a_zero, b_zero};
endmodule
