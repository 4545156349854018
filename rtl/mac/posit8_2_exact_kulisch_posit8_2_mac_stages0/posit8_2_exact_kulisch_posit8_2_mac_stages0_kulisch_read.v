
// The word as it is, and the special values seen.
module posit8_2_exact_kulisch_posit8_2_mac_stages0_kulisch_read (
  input [121:0] state,
  output [120:0] o_significand,
  output o_nan
);
  assign o_nan = state[121];
  assign o_significand = state[120:0];
endmodule
