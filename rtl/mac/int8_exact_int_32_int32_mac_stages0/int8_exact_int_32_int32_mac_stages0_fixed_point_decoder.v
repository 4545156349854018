
// Wires: the code is the significand. Combinational: latency 0, one code per cycle.
module int8_exact_int_32_int32_mac_stages0_fixed_point_decoder (
  input [7:0] i,
  output [7:0] o_significand
);
  assign o_significand = i;
endmodule
