
// Puts a product in place: negated if need be, then shifted.
module posit16_1_exact_kulisch_posit16_1_mac_stages0_to_fixed_point (
  input [25:0] i_significand,
  input i_zero,
  input i_sign,
  input [6:0] i_exponent,
  input i_nan,
  output [138:0] o
);
  wire [26:0] n;
  wire [7:0] n_2;
  wire [26:0] number;
  wire [138:0] shift_row0;
  wire [138:0] shift_row1;
  wire [138:0] shift_row2;
  wire [138:0] shift_row3;
  wire [138:0] shift_row4;
  wire [138:0] shift_row5;
  assign shift_row1 = n_2[1] ? { shift_row0[136:0], 2'h0 } : shift_row0;
  assign shift_row2 = n_2[2] ? { shift_row1[134:0], 4'h0 } : shift_row1;
  assign shift_row3 = n_2[3] ? { shift_row2[130:0], 8'h00 } : shift_row2;
  assign shift_row4 = n_2[4] ? { shift_row3[122:0], 16'h0000 } : shift_row3;
  assign shift_row5 = n_2[5] ? { shift_row4[106:0], 32'h00000000 } : shift_row4;
  assign o = n_2[6] ? { shift_row5[74:0], 64'h0000000000000000 } : shift_row5;
  assign n = - { 1'h0, i_significand };
  assign number = i_sign ? n : { 1'h0, i_significand };
  assign n_2 = { 1'h0, i_exponent } - 8'h08;
  assign shift_row0 = n_2[0] ? { {111{number[26]}}, number, 1'h0 } : { {112{number[26]}}, number };
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n_2[7], i_nan, i_zero};
endmodule
