
// Decodes one pair of operands and multiplies them.
module int8_ternary_add_skip_int_24_int24_dot_stages0_lanes8_lane (
  input [7:0] a,
  input [1:0] b,
  output [8:0] o_significand,
  output [7:0] o_word,
  output o_carry
);
  wire [7:0] a_significand;
  wire [1:0] b_significand;
  int8_ternary_add_skip_int_24_int24_dot_stages0_lanes8_fixed_point_decoder decode_a (
    .i(a),
    .o_significand(a_significand)
  );
  int8_ternary_add_skip_int_24_int24_dot_stages0_lanes8_wire_decoder decode_b (
    .i(b),
    .o_significand(b_significand)
  );
  int8_ternary_add_skip_int_24_int24_dot_stages0_lanes8_add_skip_multiplier multiply (
    .a_significand(a_significand),
    .b_significand(b_significand),
    .o_carry(o_carry),
    .o_significand(o_significand),
    .o_word(o_word)
  );
endmodule
