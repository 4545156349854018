
// Shifts every product into place and adds all of them to one wide word.
module posit8_0_exact_kulisch_posit8_0_mac_stages0_kulisch_step (
  input clear,
  input [53:0] state,
  input [11:0] i0_significand,
  input i0_zero,
  input i0_sign,
  input [4:0] i0_exponent,
  input i0_nan,
  output [53:0] next
);
  wire [52:0] n;
  wire n_2;
  wire n_3;
  wire n_4;
  wire [36:0] o;
  posit8_0_exact_kulisch_posit8_0_mac_stages0_to_fixed_point lane0 (
    .i_exponent(i0_exponent),
    .i_nan(i0_nan),
    .i_sign(i0_sign),
    .i_significand(i0_significand),
    .i_zero(i0_zero),
    .o(o)
  );
  assign n_4 = state[53] & n_3;
  assign next[53] = n_4 | i0_nan;
  assign n = clear ? 53'h00000000000000 : state[52:0];
  assign { n_2, next[52:0] } = { n[52], n } + { {17{o[36]}}, o };
  assign n_3 = ~ clear;
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n_2};
endmodule
