
// The un-normalised sum as it is, with its zero flag.
module bf16_exact_fp_fp32_an2_2_bf16_mac_stages0_approximate_float_read (
  input [34:0] state,
  output [23:0] o_significand,
  output o_zero,
  output o_sign,
  output [7:0] o_exponent,
  output o_nan,
  output o_inf
);
  wire n;
  assign n = | state[23:0];
  assign o_zero = ~ n;
  assign o_exponent = state[31:24];
  assign o_inf = state[33];
  assign o_nan = state[34];
  assign o_sign = state[32];
  assign o_significand = state[23:0];
endmodule
