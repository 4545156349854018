
// Shifts every product into place and adds all of them to one wide word.
module posit8_2_exact_kulisch_posit8_2_mac_stages0_kulisch_step (
  input clear,
  input [121:0] state,
  input [7:0] i0_significand,
  input i0_zero,
  input i0_sign,
  input [6:0] i0_exponent,
  input i0_nan,
  output [121:0] next
);
  wire [120:0] n;
  wire n_2;
  wire n_3;
  wire n_4;
  wire [104:0] o;
  posit8_2_exact_kulisch_posit8_2_mac_stages0_to_fixed_point lane0 (
    .i_exponent(i0_exponent),
    .i_nan(i0_nan),
    .i_sign(i0_sign),
    .i_significand(i0_significand),
    .i_zero(i0_zero),
    .o(o)
  );
  assign n_4 = state[121] & n_3;
  assign next[121] = n_4 | i0_nan;
  assign n = clear ? 121'h0000000000000000000000000000000 : state[120:0];
  assign { n_2, next[120:0] } = { n[120], n } + { {17{o[104]}}, o };
  assign n_3 = ~ clear;
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n_2};
endmodule
