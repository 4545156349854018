
// Shifts every product into place and adds all of them to one wide word.
module posit16_1_exact_kulisch_posit16_1_mac_stages0_kulisch_step (
  input clear,
  input [155:0] state,
  input [25:0] i0_significand,
  input i0_zero,
  input i0_sign,
  input [6:0] i0_exponent,
  input i0_nan,
  output [155:0] next
);
  wire [154:0] n;
  wire n_2;
  wire n_3;
  wire n_4;
  wire [138:0] o;
  posit16_1_exact_kulisch_posit16_1_mac_stages0_to_fixed_point lane0 (
    .i_exponent(i0_exponent),
    .i_nan(i0_nan),
    .i_sign(i0_sign),
    .i_significand(i0_significand),
    .i_zero(i0_zero),
    .o(o)
  );
  assign n_4 = state[155] & n_3;
  assign next[155] = n_4 | i0_nan;
  assign n = clear ? 155'h000000000000000000000000000000000000000 : state[154:0];
  assign { n_2, next[154:0] } = { n[154], n } + { {17{o[138]}}, o };
  assign n_3 = ~ clear;
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n_2};
endmodule
