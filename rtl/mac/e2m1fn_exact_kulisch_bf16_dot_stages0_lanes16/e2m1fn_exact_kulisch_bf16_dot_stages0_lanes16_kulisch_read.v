
// The word as it is, and the special values seen.
module e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_kulisch_read (
  input [24:0] state,
  output [24:0] o_significand
);
  assign o_significand = state;
endmodule
