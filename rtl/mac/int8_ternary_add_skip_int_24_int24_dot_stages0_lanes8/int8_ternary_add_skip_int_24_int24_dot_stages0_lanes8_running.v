
// A group of products in each cycle, the running sum out.
module int8_ternary_add_skip_int_24_int24_dot_stages0_lanes8_running (
  input clk,
  input rst,
  input i_valid,
  input i_first,
  input [8:0] i0_significand,
  input [7:0] i0_word,
  input i0_carry,
  input [8:0] i1_significand,
  input [7:0] i1_word,
  input i1_carry,
  input [8:0] i2_significand,
  input [7:0] i2_word,
  input i2_carry,
  input [8:0] i3_significand,
  input [7:0] i3_word,
  input i3_carry,
  input [8:0] i4_significand,
  input [7:0] i4_word,
  input i4_carry,
  input [8:0] i5_significand,
  input [7:0] i5_word,
  input i5_carry,
  input [8:0] i6_significand,
  input [7:0] i6_word,
  input i6_carry,
  input [8:0] i7_significand,
  input [7:0] i7_word,
  input i7_carry,
  output [23:0] o_significand
);
  wire [23:0] n;
  wire [23:0] n_2;
  wire [23:0] next;
  reg [23:0] state;
  always @(posedge clk)
    state <= n;
  assign n_2 = i_valid ? next : state;
  assign n = rst ? 24'h000000 : n_2;
  int8_ternary_add_skip_int_24_int24_dot_stages0_lanes8_integer_read read (
    .o_significand(o_significand),
    .state(state)
  );
  int8_ternary_add_skip_int_24_int24_dot_stages0_lanes8_integer_step step (
    .clear(i_first),
    .i0_carry(i0_carry),
    .i0_significand(i0_significand),
    .i0_word(i0_word),
    .i1_carry(i1_carry),
    .i1_significand(i1_significand),
    .i1_word(i1_word),
    .i2_carry(i2_carry),
    .i2_significand(i2_significand),
    .i2_word(i2_word),
    .i3_carry(i3_carry),
    .i3_significand(i3_significand),
    .i3_word(i3_word),
    .i4_carry(i4_carry),
    .i4_significand(i4_significand),
    .i4_word(i4_word),
    .i5_carry(i5_carry),
    .i5_significand(i5_significand),
    .i5_word(i5_word),
    .i6_carry(i6_carry),
    .i6_significand(i6_significand),
    .i6_word(i6_word),
    .i7_carry(i7_carry),
    .i7_significand(i7_significand),
    .i7_word(i7_word),
    .next(next),
    .state(state)
  );
endmodule
