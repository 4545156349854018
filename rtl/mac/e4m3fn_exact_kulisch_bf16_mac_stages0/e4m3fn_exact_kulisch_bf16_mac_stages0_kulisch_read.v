
// The word as it is, and the special values seen.
module e4m3fn_exact_kulisch_bf16_mac_stages0_kulisch_read (
  input [53:0] state,
  output [52:0] o_significand,
  output o_nan
);
  assign o_nan = state[53];
  assign o_significand = state[52:0];
endmodule
