
// Adds a group of products to a word that counts in units of their least bit.
module int8_ternary_add_skip_int_24_int24_dot_stages0_lanes8_integer_step (
  input clear,
  input [23:0] state,
  input [8:0] i0_significand,
  input [7:0] i0_word,
  input i0_carry,
  input [8:0] i1_significand,
  input [7:0] i1_word,
  input i1_carry,
  input [8:0] i2_significand,
  input [7:0] i2_word,
  input i2_carry,
  input [8:0] i3_significand,
  input [7:0] i3_word,
  input i3_carry,
  input [8:0] i4_significand,
  input [7:0] i4_word,
  input i4_carry,
  input [8:0] i5_significand,
  input [7:0] i5_word,
  input i5_carry,
  input [8:0] i6_significand,
  input [7:0] i6_word,
  input i6_carry,
  input [8:0] i7_significand,
  input [7:0] i7_word,
  input i7_carry,
  output [23:0] next
);
  wire [9:0] n;
  wire [9:0] n_2;
  wire [9:0] n_3;
  wire [9:0] n_4;
  wire [10:0] n_5;
  wire [10:0] n_6;
  wire [11:0] n_7;
  wire [23:0] n_8;
  wire [1:0] n_9;
  assign n = { i0_word[7], i0_word, 1'h1 } + { i1_word[7], i1_word, i0_carry };
  assign n_2 = { i2_word[7], i2_word, 1'h1 } + { i3_word[7], i3_word, i1_carry };
  assign n_3 = { i4_word[7], i4_word, 1'h1 } + { i5_word[7], i5_word, i2_carry };
  assign n_4 = { i6_word[7], i6_word, 1'h1 } + { i7_word[7], i7_word, i3_carry };
  assign n_5 = { n[9], n[9:1], 1'h1 } + { n_2[9], n_2[9:1], i4_carry };
  assign n_6 = { n_3[9], n_3[9:1], 1'h1 } + { n_4[9], n_4[9:1], i5_carry };
  assign n_7 = { n_5[10], n_5[10:1], 1'h1 } + { n_6[10], n_6[10:1], i6_carry };
  assign n_8 = clear ? 24'h000000 : state;
  assign { n_9[1], next, n_9[0] } = { n_8[23], n_8, 1'h1 } + { {14{n_7[11]}}, n_7[11:1], i7_carry };
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n[0], n_2[0], n_3[0], n_4[0], n_5[0], n_6[0], n_7[0], n_9, i0_significand, i1_significand,
    i2_significand, i3_significand, i4_significand, i5_significand, i6_significand,
    i7_significand};
endmodule
