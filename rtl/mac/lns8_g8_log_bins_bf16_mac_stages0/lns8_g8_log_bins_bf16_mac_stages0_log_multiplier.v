
// Adds two logarithms; a table makes the product's number of the sum's fraction.
module lns8_g8_log_bins_bf16_mac_stages0_log_multiplier (
  input a_sign,
  input [6:0] a_log,
  input b_sign,
  input [6:0] b_log,
  output [12:0] o_significand,
  output o_zero,
  output o_sign,
  output [4:0] o_exponent,
  output [7:0] o_log
);
  wire antilog_node1;
  wire antilog_node11;
  wire antilog_node2;
  wire antilog_node3;
  wire antilog_node5;
  wire antilog_node7;
  wire antilog_node9;
  wire n;
  wire n_2;
  wire n_3;
  wire n_4;
  wire n_5;
  assign antilog_node2 = o_log[1] ? 1'h1 : antilog_node3;
  assign o_significand[0] = o_log[0] ? n : antilog_node2;
  assign antilog_node5 = o_log[1] ? n_2 : 1'h0;
  assign n_3 = ~ antilog_node2;
  assign o_significand[1] = o_log[0] ? n_3 : antilog_node5;
  assign antilog_node7 = o_log[1] ? 1'h0 : antilog_node3;
  assign o_significand[2] = o_log[0] ? antilog_node7 : antilog_node5;
  assign antilog_node9 = o_log[1] ? antilog_node3 : 1'h0;
  assign o_significand[3] = o_log[0] ? antilog_node3 : antilog_node9;
  assign n_2 = ~ antilog_node3;
  assign antilog_node11 = o_log[1] ? n_2 : antilog_node3;
  assign o_significand[4] = o_log[0] ? n_4 : 1'h0;
  assign n = ~ antilog_node1;
  assign o_significand[5] = o_log[0] ? n : antilog_node3;
  assign n_5 = ~ antilog_node7;
  assign o_significand[6] = o_log[0] ? n_5 : antilog_node9;
  assign o_significand[7] = o_log[0] ? antilog_node11 : antilog_node3;
  assign n_4 = ~ antilog_node11;
  assign o_significand[8] = o_log[0] ? n_4 : antilog_node5;
  assign o_significand[9] = o_log[0] ? 1'h0 : antilog_node2;
  assign o_significand[10] = o_log[0] ? antilog_node1 : antilog_node7;
  assign { o_exponent, o_log[2:0] } = { 1'h0, a_log } + { 1'h0, b_log };
  assign o_sign = a_sign ^ b_sign;
  assign antilog_node1 = o_log[1] ? 1'h1 : 1'h0;
  assign antilog_node3 = o_log[2] ? 1'h1 : 1'h0;
  assign o_log[7:3] = o_exponent;
  assign o_significand[12:11] = { 1'h1, o_significand[3] };
  assign o_zero = 1'h0;
endmodule
