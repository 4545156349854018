
// A chain of approximately normalising multiply-adds; the state is the un-normalised sum.
module bf16_exact_fp_fp32_an2_2_bf16_mac_stages0_approximate_float_step (
  input clear,
  input [34:0] state,
  input [15:0] i0_significand,
  input i0_zero,
  input i0_sign,
  input [8:0] i0_exponent,
  input i0_nan,
  input i0_inf,
  output [34:0] next
);
  wire n;
  wire [7:0] s_exponent;
  wire s_inf;
  wire s_nan;
  wire s_sign;
  wire [23:0] s_significand;
  bf16_exact_fp_fp32_an2_2_bf16_mac_stages0_approximate_add add0 (
    .o_exponent(next[31:24]),
    .o_inf(next[33]),
    .o_nan(next[34]),
    .o_sign(next[32]),
    .o_significand(next[23:0]),
    .o_zero(n),
    .p_exponent(i0_exponent),
    .p_inf(i0_inf),
    .p_nan(i0_nan),
    .p_sign(i0_sign),
    .p_significand(i0_significand),
    .p_zero(i0_zero),
    .s_exponent(s_exponent),
    .s_inf(s_inf),
    .s_nan(s_nan),
    .s_sign(s_sign),
    .s_significand(s_significand),
    .s_zero(1'h0)
  );
  assign s_significand = clear ? 24'h000000 : state[23:0];
  assign s_exponent = clear ? 8'h00 : state[31:24];
  assign s_sign = clear ? 1'h0 : state[32];
  assign s_inf = clear ? 1'h0 : state[33];
  assign s_nan = clear ? 1'h0 : state[34];
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n};
endmodule
