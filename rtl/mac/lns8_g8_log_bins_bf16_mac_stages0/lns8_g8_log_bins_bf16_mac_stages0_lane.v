
// Decodes one pair of operands and multiplies them.
module lns8_g8_log_bins_bf16_mac_stages0_lane (
  input [7:0] a,
  input [7:0] b,
  output [12:0] o_significand,
  output o_zero,
  output o_sign,
  output [4:0] o_exponent,
  output [7:0] o_log
);
  wire [6:0] a_log;
  wire a_sign;
  wire [6:0] b_log;
  wire b_sign;
  lns8_g8_log_bins_bf16_mac_stages0_logarithm_decoder decode_a (
    .i(a),
    .o_log(a_log),
    .o_sign(a_sign)
  );
  lns8_g8_log_bins_bf16_mac_stages0_logarithm_decoder decode_b (
    .i(b),
    .o_log(b_log),
    .o_sign(b_sign)
  );
  lns8_g8_log_bins_bf16_mac_stages0_log_multiplier multiply (
    .a_log(a_log),
    .a_sign(a_sign),
    .b_log(b_log),
    .b_sign(b_sign),
    .o_exponent(o_exponent),
    .o_log(o_log),
    .o_sign(o_sign),
    .o_significand(o_significand),
    .o_zero(o_zero)
  );
endmodule
