
// Multiplies significands and adds exponents; nothing is normalised or rounded.
module int8_exact_int_32_int32_mac_stages0_exact_multiplier (
  input [7:0] a_significand,
  input [7:0] b_significand,
  output [15:0] o_significand
);
  assign o_significand = $signed(a_significand) * $signed(b_significand);
endmodule
