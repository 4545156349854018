
// Takes the magnitude, counts the regime's run and shifts it out.
module posit16_1_exact_kulisch_posit16_1_mac_stages0_posit_decoder (
  input [15:0] i,
  output [12:0] o_significand,
  output o_zero,
  output o_sign,
  output [5:0] o_exponent,
  output o_nan
);
  wire [14:0] n;
  wire n_10;
  wire n_11;
  wire n_12;
  wire n_13;
  wire [14:0] n_2;
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
  wire run_count0_4;
  wire run_count0_5;
  wire run_count0_6;
  wire run_count0_7;
  wire [1:0] run_count1_0;
  wire [1:0] run_count1_1;
  wire [1:0] run_count1_2;
  wire [1:0] run_count1_3;
  wire [2:0] run_count2_0;
  wire [2:0] run_count2_1;
  wire [3:0] run_count3_0;
  wire run_empty0_2;
  wire run_empty0_4;
  wire run_empty0_6;
  wire run_empty1_2;
  wire [13:0] run_in;
  wire [12:0] shift_row1;
  wire [12:0] shift_row2;
  wire [12:0] shift_row3;
  assign run_empty0_6 = run_count0_6 & n_10;
  assign run_count0_7 = ~ run_in[13];
  assign n_11 = ~ run_in[12];
  assign run_count1_3[1] = run_count0_7 & n_11;
  assign run_count1_0[0] = run_count1_0[1] ? 1'h0 : run_count0_1;
  assign run_count1_1[0] = run_count1_1[1] ? run_count0_2 : run_count0_3;
  assign run_count2_0[2] = run_count1_1[1] & run_empty0_2;
  assign run_count1_2[0] = run_count1_2[1] ? run_count0_4 : run_count0_5;
  assign run_empty1_2 = run_count1_2[1] & run_empty0_4;
  assign run_count1_3[0] = run_count1_3[1] ? run_count0_6 : run_count0_7;
  assign run_count2_1[2] = run_count1_3[1] & run_empty0_6;
  assign run_count2_0[1:0] = run_count2_0[2] ? run_count1_0 : run_count1_1;
  assign run_count2_1[1:0] = run_count2_1[2] ? run_count1_2 : run_count1_3;
  assign run_count3_0[3] = run_count2_1[2] & run_empty1_2;
  assign run_count3_0[2:0] = run_count3_0[3] ? run_count2_0 : run_count2_1;
  assign shift_row3 = run_count3_0[3] ? { n_2[4:0], 8'h00 } : n_2[12:0];
  assign shift_row2 = run_count3_0[2] ? { shift_row3[8:0], 4'h0 } : shift_row3;
  assign shift_row1 = run_count3_0[1] ? { shift_row2[10:0], 2'h0 } : shift_row2;
  assign { o_exponent[0], o_significand[11:0] } = run_count3_0[0] ? { shift_row1[11:0], 1'h0 } : shift_row1;
  assign n_4 = ~ o_exponent[5];
  assign o_exponent[4:1] = run_count3_0 ^ { {4{n_4}} };
  assign n_12 = ~ o_significand[12];
  assign n_13 = ~ i[15];
  assign o_zero = n_12 & n_13;
  assign o_nan = n_12 & i[15];
  assign n = i[14:0] ^ { {15{i[15]}} };
  assign { n_2[14], o_exponent[5], n_2[13:0] } = { 1'h0, n } + { 15'h0000, i[15] };
  assign o_significand[12] = | i[14:0];
  assign run_in[0] = n_3 | n_4;
  assign { run_in[13:1], n_3 } = n_2[13:0] ^ { {14{o_exponent[5]}} };
  assign run_count0_1 = ~ run_in[1];
  assign n_5 = ~ run_in[0];
  assign run_count1_0[1] = run_count0_1 & n_5;
  assign run_count0_2 = ~ run_in[3];
  assign n_6 = ~ run_in[2];
  assign run_empty0_2 = run_count0_2 & n_6;
  assign run_count0_3 = ~ run_in[5];
  assign n_7 = ~ run_in[4];
  assign run_count1_1[1] = run_count0_3 & n_7;
  assign run_count0_4 = ~ run_in[7];
  assign n_8 = ~ run_in[6];
  assign run_empty0_4 = run_count0_4 & n_8;
  assign run_count0_5 = ~ run_in[9];
  assign n_9 = ~ run_in[8];
  assign run_count1_2[1] = run_count0_5 & n_9;
  assign run_count0_6 = ~ run_in[11];
  assign n_10 = ~ run_in[10];
  assign o_sign = i[15];
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n_2[14]};
endmodule
