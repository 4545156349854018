
// Puts a product in place: negated if need be, then shifted.
module posit8_2_exact_kulisch_posit8_2_mac_stages0_to_fixed_point (
  input [7:0] i_significand,
  input i_zero,
  input i_sign,
  input [6:0] i_exponent,
  input i_nan,
  output [104:0] o
);
  wire [8:0] n;
  wire [7:0] n_2;
  wire [8:0] number;
  wire [104:0] shift_row0;
  wire [104:0] shift_row1;
  wire [104:0] shift_row2;
  wire [104:0] shift_row3;
  wire [104:0] shift_row4;
  wire [104:0] shift_row5;
  assign shift_row1 = n_2[1] ? { shift_row0[102:0], 2'h0 } : shift_row0;
  assign shift_row2 = n_2[2] ? { shift_row1[100:0], 4'h0 } : shift_row1;
  assign shift_row3 = n_2[3] ? { shift_row2[96:0], 8'h00 } : shift_row2;
  assign shift_row4 = n_2[4] ? { shift_row3[88:0], 16'h0000 } : shift_row3;
  assign shift_row5 = n_2[5] ? { shift_row4[72:0], 32'h00000000 } : shift_row4;
  assign o = n_2[6] ? { shift_row5[40:0], 64'h0000000000000000 } : shift_row5;
  assign n = - { 1'h0, i_significand };
  assign number = i_sign ? n : { 1'h0, i_significand };
  assign n_2 = { 1'h0, i_exponent } - 8'h10;
  assign shift_row0 = n_2[0] ? { {95{number[8]}}, number, 1'h0 } : { {96{number[8]}}, number };
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n_2[7], i_nan, i_zero};
endmodule
