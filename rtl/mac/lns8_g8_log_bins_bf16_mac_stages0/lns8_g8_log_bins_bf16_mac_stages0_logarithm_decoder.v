
// Names the fields of a code. Combinational: latency 0, one code per cycle.
module lns8_g8_log_bins_bf16_mac_stages0_logarithm_decoder (
  input [7:0] i,
  output o_sign,
  output [6:0] o_log
);
  assign o_log = i[6:0];
  assign o_sign = i[7];
endmodule
