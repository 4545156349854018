
// Shifts every product into place and adds all of them to one wide word.
module e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_kulisch_step (
  input clear,
  input [24:0] state,
  input [3:0] i0_significand,
  input i0_zero,
  input i0_sign,
  input [2:0] i0_exponent,
  input [3:0] i1_significand,
  input i1_zero,
  input i1_sign,
  input [2:0] i1_exponent,
  input [3:0] i2_significand,
  input i2_zero,
  input i2_sign,
  input [2:0] i2_exponent,
  input [3:0] i3_significand,
  input i3_zero,
  input i3_sign,
  input [2:0] i3_exponent,
  input [3:0] i4_significand,
  input i4_zero,
  input i4_sign,
  input [2:0] i4_exponent,
  input [3:0] i5_significand,
  input i5_zero,
  input i5_sign,
  input [2:0] i5_exponent,
  input [3:0] i6_significand,
  input i6_zero,
  input i6_sign,
  input [2:0] i6_exponent,
  input [3:0] i7_significand,
  input i7_zero,
  input i7_sign,
  input [2:0] i7_exponent,
  input [3:0] i8_significand,
  input i8_zero,
  input i8_sign,
  input [2:0] i8_exponent,
  input [3:0] i9_significand,
  input i9_zero,
  input i9_sign,
  input [2:0] i9_exponent,
  input [3:0] i10_significand,
  input i10_zero,
  input i10_sign,
  input [2:0] i10_exponent,
  input [3:0] i11_significand,
  input i11_zero,
  input i11_sign,
  input [2:0] i11_exponent,
  input [3:0] i12_significand,
  input i12_zero,
  input i12_sign,
  input [2:0] i12_exponent,
  input [3:0] i13_significand,
  input i13_zero,
  input i13_sign,
  input [2:0] i13_exponent,
  input [3:0] i14_significand,
  input i14_zero,
  input i14_sign,
  input [2:0] i14_exponent,
  input [3:0] i15_significand,
  input i15_zero,
  input i15_sign,
  input [2:0] i15_exponent,
  output [24:0] next
);
  wire [10:0] group_10_11;
  wire [10:0] group_11_11;
  wire [10:0] group_12_11;
  wire [10:0] group_13_11;
  wire [11:0] group_14_12;
  wire [11:0] group_15_12;
  wire [12:0] group_16_13;
  wire [9:0] group_2_10;
  wire [9:0] group_3_10;
  wire [9:0] group_4_10;
  wire [9:0] group_5_10;
  wire [9:0] group_6_10;
  wire [9:0] group_7_10;
  wire [9:0] group_8_10;
  wire [9:0] group_9_10;
  wire [24:0] n;
  wire n_2;
  wire [8:0] o;
  wire [8:0] o_10;
  wire [8:0] o_11;
  wire [8:0] o_12;
  wire [8:0] o_13;
  wire [8:0] o_14;
  wire [8:0] o_15;
  wire [8:0] o_16;
  wire [8:0] o_2;
  wire [8:0] o_3;
  wire [8:0] o_4;
  wire [8:0] o_5;
  wire [8:0] o_6;
  wire [8:0] o_7;
  wire [8:0] o_8;
  wire [8:0] o_9;
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_to_fixed_point lane0 (
    .i_exponent(i0_exponent),
    .i_sign(i0_sign),
    .i_significand(i0_significand),
    .i_zero(i0_zero),
    .o(o)
  );
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_to_fixed_point lane1 (
    .i_exponent(i1_exponent),
    .i_sign(i1_sign),
    .i_significand(i1_significand),
    .i_zero(i1_zero),
    .o(o_2)
  );
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_to_fixed_point lane10 (
    .i_exponent(i10_exponent),
    .i_sign(i10_sign),
    .i_significand(i10_significand),
    .i_zero(i10_zero),
    .o(o_11)
  );
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_to_fixed_point lane11 (
    .i_exponent(i11_exponent),
    .i_sign(i11_sign),
    .i_significand(i11_significand),
    .i_zero(i11_zero),
    .o(o_12)
  );
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_to_fixed_point lane12 (
    .i_exponent(i12_exponent),
    .i_sign(i12_sign),
    .i_significand(i12_significand),
    .i_zero(i12_zero),
    .o(o_13)
  );
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_to_fixed_point lane13 (
    .i_exponent(i13_exponent),
    .i_sign(i13_sign),
    .i_significand(i13_significand),
    .i_zero(i13_zero),
    .o(o_14)
  );
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_to_fixed_point lane14 (
    .i_exponent(i14_exponent),
    .i_sign(i14_sign),
    .i_significand(i14_significand),
    .i_zero(i14_zero),
    .o(o_15)
  );
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_to_fixed_point lane15 (
    .i_exponent(i15_exponent),
    .i_sign(i15_sign),
    .i_significand(i15_significand),
    .i_zero(i15_zero),
    .o(o_16)
  );
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_to_fixed_point lane2 (
    .i_exponent(i2_exponent),
    .i_sign(i2_sign),
    .i_significand(i2_significand),
    .i_zero(i2_zero),
    .o(o_3)
  );
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_to_fixed_point lane3 (
    .i_exponent(i3_exponent),
    .i_sign(i3_sign),
    .i_significand(i3_significand),
    .i_zero(i3_zero),
    .o(o_4)
  );
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_to_fixed_point lane4 (
    .i_exponent(i4_exponent),
    .i_sign(i4_sign),
    .i_significand(i4_significand),
    .i_zero(i4_zero),
    .o(o_5)
  );
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_to_fixed_point lane5 (
    .i_exponent(i5_exponent),
    .i_sign(i5_sign),
    .i_significand(i5_significand),
    .i_zero(i5_zero),
    .o(o_6)
  );
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_to_fixed_point lane6 (
    .i_exponent(i6_exponent),
    .i_sign(i6_sign),
    .i_significand(i6_significand),
    .i_zero(i6_zero),
    .o(o_7)
  );
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_to_fixed_point lane7 (
    .i_exponent(i7_exponent),
    .i_sign(i7_sign),
    .i_significand(i7_significand),
    .i_zero(i7_zero),
    .o(o_8)
  );
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_to_fixed_point lane8 (
    .i_exponent(i8_exponent),
    .i_sign(i8_sign),
    .i_significand(i8_significand),
    .i_zero(i8_zero),
    .o(o_9)
  );
  e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_to_fixed_point lane9 (
    .i_exponent(i9_exponent),
    .i_sign(i9_sign),
    .i_significand(i9_significand),
    .i_zero(i9_zero),
    .o(o_10)
  );
  assign group_16_13 = { group_14_12[11], group_14_12 } + { group_15_12[11], group_15_12 };
  assign n = clear ? 25'h0000000 : state;
  assign { n_2, next } = { n[24], n } + { {13{group_16_13[12]}}, group_16_13 };
  assign group_2_10 = { o[8], o } + { o_2[8], o_2 };
  assign group_3_10 = { o_3[8], o_3 } + { o_4[8], o_4 };
  assign group_4_10 = { o_5[8], o_5 } + { o_6[8], o_6 };
  assign group_5_10 = { o_7[8], o_7 } + { o_8[8], o_8 };
  assign group_6_10 = { o_9[8], o_9 } + { o_10[8], o_10 };
  assign group_7_10 = { o_11[8], o_11 } + { o_12[8], o_12 };
  assign group_8_10 = { o_13[8], o_13 } + { o_14[8], o_14 };
  assign group_9_10 = { o_15[8], o_15 } + { o_16[8], o_16 };
  assign group_10_11 = { group_2_10[9], group_2_10 } + { group_3_10[9], group_3_10 };
  assign group_11_11 = { group_4_10[9], group_4_10 } + { group_5_10[9], group_5_10 };
  assign group_12_11 = { group_6_10[9], group_6_10 } + { group_7_10[9], group_7_10 };
  assign group_13_11 = { group_8_10[9], group_8_10 } + { group_9_10[9], group_9_10 };
  assign group_14_12 = { group_10_11[10], group_10_11 } + { group_11_11[10], group_11_11 };
  assign group_15_12 = { group_12_11[10], group_12_11 } + { group_13_11[10], group_13_11 };
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n_2};
endmodule
