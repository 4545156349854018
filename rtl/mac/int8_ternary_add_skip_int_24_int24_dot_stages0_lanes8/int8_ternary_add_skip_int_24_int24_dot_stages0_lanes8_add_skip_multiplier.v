
// Passes the first operand, inverts its sign, or puts zero.
module int8_ternary_add_skip_int_24_int24_dot_stages0_lanes8_add_skip_multiplier (
  input [7:0] a_significand,
  input [1:0] b_significand,
  output [8:0] o_significand,
  output [7:0] o_word,
  output o_carry
);
  wire [8:0] n;
  wire n_2;
  assign n = { a_significand[7], a_significand } ^ { 1'h0, {8{b_significand[1]}} };
  assign { n_2, o_word } = b_significand[0] ? n : 9'h000;
  assign o_significand = { o_word[7], o_word } + { 8'h00, b_significand[1] };
  assign o_carry = b_significand[1];
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n_2};
endmodule
