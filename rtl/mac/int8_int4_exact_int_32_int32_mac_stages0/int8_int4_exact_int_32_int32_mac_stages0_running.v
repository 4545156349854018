
// A group of products in each cycle, the running sum out.
module int8_int4_exact_int_32_int32_mac_stages0_running (
  input clk,
  input rst,
  input i_valid,
  input i_first,
  input [11:0] i0_significand,
  output [31:0] o_significand
);
  wire [31:0] n;
  wire [31:0] n_2;
  wire [31:0] next;
  reg [31:0] state;
  always @(posedge clk)
    state <= n;
  assign n_2 = i_valid ? next : state;
  assign n = rst ? 32'd0 : n_2;
  int8_int4_exact_int_32_int32_mac_stages0_integer_read read (
    .o_significand(o_significand),
    .state(state)
  );
  int8_int4_exact_int_32_int32_mac_stages0_integer_step step (
    .clear(i_first),
    .i0_significand(i0_significand),
    .next(next),
    .state(state)
  );
endmodule
