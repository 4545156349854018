
// Takes the magnitude, counts the regime's run and shifts it out.
module posit8_2_exact_kulisch_posit8_2_mac_stages0_posit_decoder (
  input [7:0] i,
  output [3:0] o_significand,
  output o_zero,
  output o_sign,
  output [5:0] o_exponent,
  output o_nan
);
  wire [6:0] n;
  wire [6:0] n_2;
  wire n_3;
  wire n_4;
  wire n_5;
  wire n_6;
  wire n_7;
  wire n_8;
  wire n_9;
  wire run_count0_1;
  wire run_count0_2;
  wire run_count0_3;
  wire [1:0] run_count1_0;
  wire [1:0] run_count1_1;
  wire [2:0] run_count2_0;
  wire run_empty0_2;
  wire [5:0] run_in;
  wire [4:0] shift_row1;
  wire [4:0] shift_row2;
  assign n = i[6:0] ^ { {7{i[7]}} };
  assign { n_2[6], o_exponent[5], n_2[5:0] } = { 1'h0, n } + { 7'h00, i[7] };
  assign o_significand[3] = | i[6:0];
  assign run_in[0] = n_3 | n_7;
  assign { run_in[5:1], n_3 } = n_2[5:0] ^ { {6{o_exponent[5]}} };
  assign run_count0_1 = ~ run_in[1];
  assign n_4 = ~ run_in[0];
  assign run_count1_0[1] = run_count0_1 & n_4;
  assign run_count0_2 = ~ run_in[3];
  assign n_5 = ~ run_in[2];
  assign run_empty0_2 = run_count0_2 & n_5;
  assign run_count0_3 = ~ run_in[5];
  assign n_6 = ~ run_in[4];
  assign run_count1_1[1] = run_count0_3 & n_6;
  assign run_count1_0[0] = run_count1_0[1] ? 1'h0 : run_count0_1;
  assign run_count1_1[0] = run_count1_1[1] ? run_count0_2 : run_count0_3;
  assign run_count2_0[2] = run_count1_1[1] & run_empty0_2;
  assign run_count2_0[1:0] = run_count2_0[2] ? run_count1_0 : run_count1_1;
  assign shift_row2 = run_count2_0[2] ? { n_2[0], 4'h0 } : n_2[4:0];
  assign shift_row1 = run_count2_0[1] ? { shift_row2[2:0], 2'h0 } : shift_row2;
  assign { o_exponent[1:0], o_significand[2:0] } = run_count2_0[0] ? { shift_row1[3:0], 1'h0 } : shift_row1;
  assign n_7 = ~ o_exponent[5];
  assign o_exponent[4:2] = run_count2_0 ^ { {3{n_7}} };
  assign n_8 = ~ o_significand[3];
  assign n_9 = ~ i[7];
  assign o_zero = n_8 & n_9;
  assign o_nan = n_8 & i[7];
  assign o_sign = i[7];
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n_2[6]};
endmodule
