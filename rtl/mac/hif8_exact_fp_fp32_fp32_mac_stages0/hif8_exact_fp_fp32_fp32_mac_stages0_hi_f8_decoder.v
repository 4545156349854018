
// Reads the dot field, a prefix code, and puts exponent and mantissa in place by it.
module hif8_exact_fp_fp32_fp32_mac_stages0_hi_f8_decoder (
  input [7:0] i,
  output [3:0] o_significand,
  output o_zero,
  output o_sign,
  output [5:0] o_exponent,
  output o_nan,
  output o_inf
);
  wire n;
  wire n_10;
  wire [2:0] n_11;
  wire [2:0] n_12;
  wire n_13;
  wire n_14;
  wire [3:0] n_15;
  wire [3:0] n_16;
  wire n_2;
  wire n_3;
  wire [2:0] n_4;
  wire [3:0] n_5;
  wire [4:0] n_6;
  wire [4:0] n_7;
  wire [6:0] n_8;
  wire n_9;
  wire [3:0] signal;
  wire signal_2;
  assign n = & i[6:5];
  assign n_2 = i[3] & i[4];
  assign n_4 = n_3 ? i[2:0] : 3'h0;
  assign n_3 = | i[6:3];
  assign o_significand[3] = | i[6:0];
  assign n_5 = { 1'h0, i[2:0] } - { 3'h0, o_significand[3] };
  assign n_6 = - { 1'h0, signal };
  assign n_7 = signal_2 ? n_6 : { 1'h0, signal };
  assign n_8 = { n_7[4], n_7[4], n_7 } - 7'h6a;
  assign { n_9, o_exponent } = n_3 ? n_8 : { {3{n_5[3]}}, n_5 };
  assign n_10 = | i;
  assign o_zero = ~ n_10;
  assign o_nan = i == 8'h80;
  assign o_inf = i[6:0] == 7'h6f;
  assign n_11 = i[5] ? i[2:0] : n_4;
  assign n_12 = i[6] ? { i[1:0], 1'h0 } : n_11;
  assign o_significand[2:0] = n ? { i[0], 2'h0 } : n_12;
  assign n_13 = i[5] ? i[4] : n_2;
  assign n_14 = i[6] ? i[4] : n_13;
  assign signal_2 = n ? i[4] : n_14;
  assign n_15 = i[5] ? { 3'h1, i[3] } : { 3'h0, i[4] };
  assign n_16 = i[6] ? { 2'h1, i[3:2] } : n_15;
  assign signal = n ? { 1'h1, i[3:1] } : n_16;
  assign o_sign = i[7];
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n_9};
endmodule
