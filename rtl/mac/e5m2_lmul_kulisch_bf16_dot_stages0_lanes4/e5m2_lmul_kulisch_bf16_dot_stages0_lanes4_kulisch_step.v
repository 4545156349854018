
// Shifts every product into place and adds all of them to one wide word.
module e5m2_lmul_kulisch_bf16_dot_stages0_lanes4_kulisch_step (
  input clear,
  input [51:0] state,
  input [2:0] i0_significand,
  input i0_zero,
  input i0_sign,
  input [4:0] i0_exponent,
  input i0_nan,
  input i0_inf,
  input [2:0] i1_significand,
  input i1_zero,
  input i1_sign,
  input [4:0] i1_exponent,
  input i1_nan,
  input i1_inf,
  input [2:0] i2_significand,
  input i2_zero,
  input i2_sign,
  input [4:0] i2_exponent,
  input i2_nan,
  input i2_inf,
  input [2:0] i3_significand,
  input i3_zero,
  input i3_sign,
  input [4:0] i3_exponent,
  input i3_nan,
  input i3_inf,
  output [51:0] next
);
  wire [33:0] group_2_34;
  wire [33:0] group_3_34;
  wire [34:0] group_4_35;
  wire [48:0] n;
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
  wire n_2;
  wire n_20;
  wire n_21;
  wire n_22;
  wire n_23;
  wire n_24;
  wire n_25;
  wire n_26;
  wire n_27;
  wire n_3;
  wire n_4;
  wire n_5;
  wire n_6;
  wire n_7;
  wire n_8;
  wire n_9;
  wire [32:0] o;
  wire [32:0] o_2;
  wire [32:0] o_3;
  wire [32:0] o_4;
  e5m2_lmul_kulisch_bf16_dot_stages0_lanes4_to_fixed_point lane0 (
    .i_exponent(i0_exponent),
    .i_inf(i0_inf),
    .i_nan(i0_nan),
    .i_sign(i0_sign),
    .i_significand(i0_significand),
    .i_zero(i0_zero),
    .o(o)
  );
  e5m2_lmul_kulisch_bf16_dot_stages0_lanes4_to_fixed_point lane1 (
    .i_exponent(i1_exponent),
    .i_inf(i1_inf),
    .i_nan(i1_nan),
    .i_sign(i1_sign),
    .i_significand(i1_significand),
    .i_zero(i1_zero),
    .o(o_2)
  );
  e5m2_lmul_kulisch_bf16_dot_stages0_lanes4_to_fixed_point lane2 (
    .i_exponent(i2_exponent),
    .i_inf(i2_inf),
    .i_nan(i2_nan),
    .i_sign(i2_sign),
    .i_significand(i2_significand),
    .i_zero(i2_zero),
    .o(o_3)
  );
  e5m2_lmul_kulisch_bf16_dot_stages0_lanes4_to_fixed_point lane3 (
    .i_exponent(i3_exponent),
    .i_inf(i3_inf),
    .i_nan(i3_nan),
    .i_sign(i3_sign),
    .i_significand(i3_significand),
    .i_zero(i3_zero),
    .o(o_4)
  );
  assign group_2_34 = { o[32], o } + { o_2[32], o_2 };
  assign group_3_34 = { o_3[32], o_3 } + { o_4[32], o_4 };
  assign group_4_35 = { group_2_34[33], group_2_34 } + { group_3_34[33], group_3_34 };
  assign n = clear ? 49'h0000000000000 : state[48:0];
  assign { n_2, next[48:0] } = { n[48], n } + { {15{group_4_35[34]}}, group_4_35 };
  assign n_3 = state[49] & n_7;
  assign n_4 = i0_nan | i1_nan;
  assign n_5 = n_4 | i2_nan;
  assign n_6 = n_5 | i3_nan;
  assign next[49] = n_3 | n_6;
  assign n_8 = state[50] & n_7;
  assign n_9 = ~ i0_sign;
  assign n_10 = i0_inf & n_9;
  assign n_11 = ~ i1_sign;
  assign n_12 = i1_inf & n_11;
  assign n_13 = n_10 | n_12;
  assign n_14 = ~ i2_sign;
  assign n_15 = i2_inf & n_14;
  assign n_16 = n_13 | n_15;
  assign n_17 = ~ i3_sign;
  assign n_18 = i3_inf & n_17;
  assign n_19 = n_16 | n_18;
  assign next[50] = n_8 | n_19;
  assign n_7 = ~ clear;
  assign n_20 = state[51] & n_7;
  assign n_21 = i0_inf & i0_sign;
  assign n_22 = i1_inf & i1_sign;
  assign n_23 = n_21 | n_22;
  assign n_24 = i2_inf & i2_sign;
  assign n_25 = n_23 | n_24;
  assign n_26 = i3_inf & i3_sign;
  assign n_27 = n_25 | n_26;
  assign next[51] = n_20 | n_27;
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n_2};
endmodule
