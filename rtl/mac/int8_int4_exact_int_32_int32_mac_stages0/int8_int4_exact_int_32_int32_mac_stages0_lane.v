
// Decodes one pair of operands and multiplies them.
module int8_int4_exact_int_32_int32_mac_stages0_lane (
  input [7:0] a,
  input [3:0] b,
  output [11:0] o_significand
);
  wire [7:0] a_significand;
  wire [3:0] b_significand;
  int8_int4_exact_int_32_int32_mac_stages0_fixed_point_decoder decode_a (
    .i(a),
    .o_significand(a_significand)
  );
  int8_int4_exact_int_32_int32_mac_stages0_fixed_point_decoder_2 decode_b (
    .i(b),
    .o_significand(b_significand)
  );
  int8_int4_exact_int_32_int32_mac_stages0_exact_multiplier multiply (
    .a_significand(a_significand),
    .b_significand(b_significand),
    .o_significand(o_significand)
  );
endmodule
