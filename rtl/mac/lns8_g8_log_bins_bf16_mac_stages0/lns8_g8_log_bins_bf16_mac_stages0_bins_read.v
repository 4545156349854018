
// The weighted sum of the bins, by adders that the weights share.
module lns8_g8_log_bins_bf16_mac_stages0_bins_read (
  input [391:0] state,
  output [60:0] o_significand
);
  wire [64:0] n;
  wire [61:0] n_10;
  wire [61:0] n_11;
  wire [61:0] n_12;
  wire [61:0] n_13;
  wire [61:0] n_14;
  wire [61:0] n_15;
  wire [61:0] n_16;
  wire [61:0] n_17;
  wire n_18;
  wire [62:0] n_2;
  wire [64:0] n_3;
  wire [66:0] n_4;
  wire [66:0] n_5;
  wire [66:0] n_6;
  wire [68:0] n_7;
  wire [66:0] n_8;
  wire [64:0] n_9;
  wire [50:0] weighted_pair10;
  wire [58:0] weighted_pair11;
  wire [52:0] weighted_pair13;
  wire [50:0] weighted_pair8;
  wire [56:0] weighted_pair9;
  wire [50:0] weighted_sum0;
  wire [58:0] weighted_sum1;
  wire [59:0] weighted_sum11;
  wire [60:0] weighted_sum6;
  assign n_8 = { {6{state[48]}}, state[48:0], 12'h000 } + { {4{weighted_pair8[50]}}, weighted_pair8, 12'h000 };
  assign n_9 = { {3{state[244]}}, state[244:196], 13'h0000 } + { {3{state[293]}}, state[293:245], 13'h0000 };
  assign weighted_sum11 = { {9{weighted_sum0[50]}}, weighted_sum0 } + { weighted_sum1[58], weighted_sum1 };
  assign n_10 = { n_2[60], n_2[60:0] } + { n_3[60], n_3[60:0] };
  assign n_11 = { n_5[60], n_5[60:0] } - { n_4[60], n_4[60:0] };
  assign n_12 = { n_6[60], n_6[60:0] } - { weighted_sum6[60], weighted_sum6 };
  assign n_13 = { n_7[60], n_7[60:0] } + { n_8[60], n_8[60:0] };
  assign n_14 = { n_9[60], n_9[60:0] } + { weighted_sum11[59], weighted_sum11[59], weighted_sum11 };
  assign n_15 = { n_10[60], n_10[60:0] } + { n_11[60], n_11[60:0] };
  assign n_16 = { n_12[60], n_12[60:0] } + { n_13[60], n_13[60:0] };
  assign n_17 = { n_14[60], n_14[60:0] } + { n_15[60], n_15[60:0] };
  assign { n_18, o_significand } = { n_16[60], n_16[60:0] } + { n_17[60], n_17[60:0] };
  assign weighted_pair8 = { state[97], state[97], state[97:49] } + { state[342], state[342:294], 1'h0 };
  assign weighted_pair9 = { state[195], state[195], state[195:147], 6'h00 } - { {8{state[293]}}, state[293:245] };
  assign weighted_pair10 = { state[146], state[146:98], 1'h0 } - { state[244], state[244], state[244:196] };
  assign weighted_pair11 = { {9{state[391]}}, state[391:343], 1'h0 } - { weighted_pair9[56], weighted_pair9[56], weighted_pair9 };
  assign n = { {16{state[146]}}, state[146:98] } - { {8{state[293]}}, state[293:245], 8'h00 };
  assign weighted_pair13 = { state[391], state[391], state[391:343], 2'h0 } + { weighted_pair10[50], weighted_pair10[50], weighted_pair10 };
  assign weighted_sum0 = { state[244], state[244], state[244:196] } - { state[97], state[97], state[97:49] };
  assign weighted_sum1 = { {10{state[342]}}, state[342:294] } - { weighted_pair9[56], weighted_pair9[56], weighted_pair9 };
  assign n_2 = { {10{weighted_pair8[50]}}, weighted_pair8, 2'h0 } - { n[60], n[60], n[60:0] };
  assign n_3 = { n[60], n[60:0], 3'h0 } - { {4{weighted_pair11[58]}}, weighted_pair11, 2'h0 };
  assign n_4 = { {12{weighted_pair8[50]}}, weighted_pair8, 4'h0 } + { {4{weighted_pair11[58]}}, weighted_pair11, 4'h0 };
  assign n_5 = { {13{state[244]}}, state[244:196], 5'h00 } - { weighted_pair11[58], weighted_pair11[58], weighted_pair11, 6'h00 };
  assign weighted_sum6 = { {3{weighted_pair8[50]}}, weighted_pair8, 7'h00 } + { weighted_pair13[52], weighted_pair13, 7'h00 };
  assign n_6 = { {9{state[97]}}, state[97:49], 9'h000 } + { {7{weighted_pair10[50]}}, weighted_pair10, 9'h000 };
  assign n_7 = { {5{weighted_pair13[52]}}, weighted_pair13, 11'h000 } - { {10{state[342]}}, state[342:294], 10'h000 };
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n[64:61], n_2[62:61], n_3[64:61], n_4[66:61], n_5[66:61], n_6[66:61], n_7[68:61],
    n_8[66:61], n_9[64:61], n_10[61], n_11[61], n_12[61], n_13[61], n_14[61], n_15[61],
    n_16[61], n_17[61], n_18};
endmodule
