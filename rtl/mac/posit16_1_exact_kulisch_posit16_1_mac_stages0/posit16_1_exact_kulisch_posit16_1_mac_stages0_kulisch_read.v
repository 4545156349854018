
// The word as it is, and the special values seen.
module posit16_1_exact_kulisch_posit16_1_mac_stages0_kulisch_read (
  input [155:0] state,
  output [154:0] o_significand,
  output o_nan
);
  assign o_nan = state[155];
  assign o_significand = state[154:0];
endmodule
