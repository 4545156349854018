
// The word as it is.
module int8_exact_int_32_int32_mac_stages0_integer_read (
  input [31:0] state,
  output [31:0] o_significand
);
  assign o_significand = state;
endmodule
