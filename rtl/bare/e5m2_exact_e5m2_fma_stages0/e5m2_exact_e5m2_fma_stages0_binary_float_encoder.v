
// Normalises, rounds once and packs; a record of the format's own bounds is packed as it is.
module e5m2_exact_e5m2_fma_stages0_binary_float_encoder (
  input [15:0] i_significand,
  input i_zero,
  input i_sign,
  input [5:0] i_exponent,
  input i_nan,
  input i_inf,
  output [7:0] o
);
  wire [8:0] digits;
  wire [7:0] field;
  wire lzc_count0_0;
  wire lzc_count0_1;
  wire lzc_count0_2;
  wire lzc_count0_3;
  wire lzc_count0_4;
  wire lzc_count0_5;
  wire lzc_count0_6;
  wire lzc_count0_7;
  wire [1:0] lzc_count1_0;
  wire [1:0] lzc_count1_1;
  wire [1:0] lzc_count1_2;
  wire [1:0] lzc_count1_3;
  wire [2:0] lzc_count2_0;
  wire [2:0] lzc_count2_1;
  wire [3:0] lzc_count3_0;
  wire lzc_empty0_2;
  wire lzc_empty0_4;
  wire lzc_empty0_6;
  wire lzc_empty1_2;
  wire [7:0] n;
  wire [5:0] n_10;
  wire n_11;
  wire n_12;
  wire n_13;
  wire n_14;
  wire n_15;
  wire n_16;
  wire n_17;
  wire n_18;
  wire n_19;
  wire n_2;
  wire n_20;
  wire [6:0] n_21;
  wire n_22;
  wire n_23;
  wire n_24;
  wire [9:0] n_25;
  wire [6:0] n_26;
  wire n_3;
  wire n_4;
  wire n_5;
  wire n_6;
  wire n_7;
  wire n_8;
  wire n_9;
  wire normalise_lost0;
  wire normalise_lost1;
  wire normalise_lost2;
  wire normalise_lost3;
  wire [1:0] normalise_row0;
  wire [4:0] normalise_row1;
  wire [6:0] normalise_row2;
  wire [10:0] normalise_row3;
  wire [6:0] signal;
  assign lzc_empty0_2 = lzc_count0_2 & n_3;
  assign lzc_count0_3 = ~ i_significand[7];
  assign n_4 = ~ i_significand[6];
  assign lzc_count1_1[1] = lzc_count0_3 & n_4;
  assign lzc_count0_4 = ~ i_significand[9];
  assign n_5 = ~ i_significand[8];
  assign lzc_empty0_4 = lzc_count0_4 & n_5;
  assign lzc_count0_5 = ~ i_significand[11];
  assign n_6 = ~ i_significand[10];
  assign lzc_count1_2[1] = lzc_count0_5 & n_6;
  assign lzc_count0_6 = ~ i_significand[13];
  assign n_7 = ~ i_significand[12];
  assign lzc_empty0_6 = lzc_count0_6 & n_7;
  assign lzc_count0_7 = ~ i_significand[15];
  assign n_8 = ~ i_significand[14];
  assign lzc_count1_3[1] = lzc_count0_7 & n_8;
  assign lzc_count1_0[0] = lzc_count1_0[1] ? lzc_count0_0 : lzc_count0_1;
  assign lzc_count1_1[0] = lzc_count1_1[1] ? lzc_count0_2 : lzc_count0_3;
  assign lzc_count2_0[2] = lzc_count1_1[1] & lzc_empty0_2;
  assign lzc_count1_2[0] = lzc_count1_2[1] ? lzc_count0_4 : lzc_count0_5;
  assign lzc_empty1_2 = lzc_count1_2[1] & lzc_empty0_4;
  assign lzc_count1_3[0] = lzc_count1_3[1] ? lzc_count0_6 : lzc_count0_7;
  assign lzc_count2_1[2] = lzc_count1_3[1] & lzc_empty0_6;
  assign lzc_count2_0[1:0] = lzc_count2_0[2] ? lzc_count1_0 : lzc_count1_1;
  assign lzc_count2_1[1:0] = lzc_count2_1[2] ? lzc_count1_2 : lzc_count1_3;
  assign lzc_count3_0[3] = lzc_count2_1[2] & lzc_empty1_2;
  assign lzc_count3_0[2:0] = lzc_count3_0[3] ? lzc_count2_0 : lzc_count2_1;
  assign n_9 = n[5:0] < { 2'h0, lzc_count3_0 };
  assign n_10 = n_9 ? n[5:0] : { 2'h0, lzc_count3_0 };
  assign normalise_row3 = n_10[3] ? { i_significand[7:0], 3'h0 } : i_significand[15:5];
  assign n_11 = ~ n_10[3];
  assign n_12 = | { i_significand[4:0], 3'h0 };
  assign normalise_lost3 = n_11 & n_12;
  assign normalise_row2 = n_10[2] ? normalise_row3[6:0] : normalise_row3[10:4];
  assign n_13 = ~ n_10[2];
  assign n_14 = | normalise_row3[3:0];
  assign n_15 = n_13 & n_14;
  assign normalise_lost2 = normalise_lost3 | n_15;
  assign normalise_row1 = n_10[1] ? normalise_row2[4:0] : normalise_row2[6:2];
  assign n_16 = ~ n_10[1];
  assign n_17 = | normalise_row2[1:0];
  assign n_18 = n_16 & n_17;
  assign normalise_lost1 = normalise_lost2 | n_18;
  assign { normalise_row0[1], digits[1:0], normalise_row0[0] } = n_10[0] ? normalise_row1[3:0] : normalise_row1[4:1];
  assign n_19 = ~ n_10[0];
  assign n_20 = n_19 & normalise_row1[0];
  assign normalise_lost0 = normalise_lost1 | n_20;
  assign n_21 = { 1'h0, n[5:0] } - { 3'h0, lzc_count3_0 };
  assign field = { n_21[6], n_21 } + 8'h01;
  assign digits[8:2] = field[6:0] & { {7{normalise_row0[1]}} };
  assign n_22 = digits[8:2] > 7'h1e;
  assign n_23 = normalise_lost0 | digits[0];
  assign n_24 = normalise_row0[0] & n_23;
  assign n_25 = { 1'h0, digits } + { 9'h000, n_24 };
  assign n_26 = n_22 ? 7'h7c : n_25[6:0];
  assign n = { 2'h0, i_exponent } + 8'hf6;
  assign lzc_count0_0 = ~ i_significand[1];
  assign lzc_count0_1 = ~ i_significand[3];
  assign n_2 = ~ i_significand[2];
  assign lzc_count1_0[1] = lzc_count0_1 & n_2;
  assign lzc_count0_2 = ~ i_significand[5];
  assign n_3 = ~ i_significand[4];
  assign o = i_nan ? 8'h7e : { i_sign, signal };
  assign signal = i_inf ? 7'h7c : n_26;
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n[7:6], n_10[5:4], n_25[9:7], field[7], i_zero};
endmodule
