
// The word as it is, and the special values seen.
module e5m2_lmul_kulisch_bf16_dot_stages0_lanes4_kulisch_read (
  input [51:0] state,
  output [48:0] o_significand,
  output o_nan,
  output o_inf,
  output o_inf_sign
);
  wire n;
  assign n = state[50] & state[51];
  assign o_nan = state[49] | n;
  assign o_inf = state[50] | state[51];
  assign o_inf_sign = state[51];
  assign o_significand = state[48:0];
endmodule
