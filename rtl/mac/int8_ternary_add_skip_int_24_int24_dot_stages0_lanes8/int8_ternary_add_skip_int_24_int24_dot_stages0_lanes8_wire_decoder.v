
// Wires, and at most one gate. Combinational: latency 0, one code per cycle.
module int8_ternary_add_skip_int_24_int24_dot_stages0_lanes8_wire_decoder (
  input [1:0] i,
  output [1:0] o_significand
);
  assign o_significand[1] = & i;
  assign o_significand[0] = i[0];
endmodule
