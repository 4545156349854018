
// Puts a product in place: negated if need be, then shifted.
module posit8_0_exact_kulisch_posit8_0_mac_stages0_to_fixed_point (
  input [11:0] i_significand,
  input i_zero,
  input i_sign,
  input [4:0] i_exponent,
  input i_nan,
  output [36:0] o
);
  wire [12:0] n;
  wire [12:0] number;
  wire [40:0] shift_row0;
  wire [40:0] shift_row1;
  wire [40:0] shift_row2;
  wire [40:0] shift_row3;
  wire [3:0] shift_row4;
  assign n = - { 1'h0, i_significand };
  assign number = i_sign ? n : { 1'h0, i_significand };
  assign shift_row0 = i_exponent[0] ? { {27{number[12]}}, number, 1'h0 } : { {28{number[12]}}, number };
  assign shift_row1 = i_exponent[1] ? { shift_row0[38:0], 2'h0 } : shift_row0;
  assign shift_row2 = i_exponent[2] ? { shift_row1[36:0], 4'h0 } : shift_row1;
  assign shift_row3 = i_exponent[3] ? { shift_row2[32:0], 8'h00 } : shift_row2;
  assign { o, shift_row4 } = i_exponent[4] ? { shift_row3[24:0], 16'h0000 } : shift_row3;
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    i_nan, i_zero, shift_row4};
endmodule
