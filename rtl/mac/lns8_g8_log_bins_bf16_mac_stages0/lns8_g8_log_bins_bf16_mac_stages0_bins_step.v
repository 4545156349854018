
// Adds every product's power of two to the bin that its logarithm's fraction selects.
module lns8_g8_log_bins_bf16_mac_stages0_bins_step (
  input clear,
  input [391:0] state,
  input [12:0] i0_significand,
  input i0_zero,
  input i0_sign,
  input [4:0] i0_exponent,
  input [7:0] i0_log,
  output [391:0] next
);
  wire i_significand;
  wire [48:0] n;
  wire [48:0] n_10;
  wire n_11;
  wire [48:0] n_12;
  wire n_13;
  wire [48:0] n_14;
  wire n_15;
  wire [48:0] n_16;
  wire n_17;
  wire [48:0] n_18;
  wire n_19;
  wire [48:0] n_2;
  wire [48:0] n_20;
  wire n_21;
  wire [48:0] n_22;
  wire n_23;
  wire [48:0] n_24;
  wire [48:0] n_3;
  wire [48:0] n_4;
  wire [48:0] n_5;
  wire [48:0] n_6;
  wire [48:0] n_7;
  wire [49:0] n_8;
  wire n_9;
  wire [32:0] o;
  wire [48:0] signal;
  lns8_g8_log_bins_bf16_mac_stages0_to_fixed_point lane0 (
    .i_exponent(i0_log[7:3]),
    .i_sign(i0_sign),
    .i_significand(i_significand),
    .i_zero(i0_zero),
    .o(o)
  );
  assign i_significand = ~ i0_zero;
  assign n = i0_log[0] ? state[391:343] : state[342:294];
  assign n_2 = i0_log[0] ? state[293:245] : state[244:196];
  assign n_3 = i0_log[1] ? n : n_2;
  assign n_4 = i0_log[0] ? state[195:147] : state[146:98];
  assign n_5 = i0_log[0] ? state[97:49] : state[48:0];
  assign n_6 = i0_log[1] ? n_4 : n_5;
  assign n_7 = i0_log[2] ? n_3 : n_6;
  assign signal = clear ? 49'h0000000000000 : n_7;
  assign n_8 = { signal[48], signal } + { {17{o[32]}}, o };
  assign n_9 = i0_log[2:0] == 3'h0;
  assign n_10 = clear ? 49'h0000000000000 : state[48:0];
  assign next[48:0] = n_9 ? n_8[48:0] : n_10;
  assign n_11 = i0_log[2:0] == 3'h1;
  assign n_12 = clear ? 49'h0000000000000 : state[97:49];
  assign next[97:49] = n_11 ? n_8[48:0] : n_12;
  assign n_13 = i0_log[2:0] == 3'h2;
  assign n_14 = clear ? 49'h0000000000000 : state[146:98];
  assign next[146:98] = n_13 ? n_8[48:0] : n_14;
  assign n_15 = i0_log[2:0] == 3'h3;
  assign n_16 = clear ? 49'h0000000000000 : state[195:147];
  assign next[195:147] = n_15 ? n_8[48:0] : n_16;
  assign n_17 = i0_log[2:0] == 3'h4;
  assign n_18 = clear ? 49'h0000000000000 : state[244:196];
  assign next[244:196] = n_17 ? n_8[48:0] : n_18;
  assign n_19 = i0_log[2:0] == 3'h5;
  assign n_20 = clear ? 49'h0000000000000 : state[293:245];
  assign next[293:245] = n_19 ? n_8[48:0] : n_20;
  assign n_21 = i0_log[2:0] == 3'h6;
  assign n_22 = clear ? 49'h0000000000000 : state[342:294];
  assign next[342:294] = n_21 ? n_8[48:0] : n_22;
  assign n_23 = i0_log[2:0] == 3'h7;
  assign n_24 = clear ? 49'h0000000000000 : state[391:343];
  assign next[391:343] = n_23 ? n_8[48:0] : n_24;
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n_8[49], i0_exponent, i0_significand};
endmodule
