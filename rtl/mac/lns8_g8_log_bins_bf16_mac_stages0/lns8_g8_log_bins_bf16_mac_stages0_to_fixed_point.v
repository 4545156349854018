
// Puts a product in place: negated if need be, then shifted.
module lns8_g8_log_bins_bf16_mac_stages0_to_fixed_point (
  input i_significand,
  input i_zero,
  input i_sign,
  input [4:0] i_exponent,
  output [32:0] o
);
  wire [1:0] n;
  wire [1:0] number;
  wire [32:0] shift_row0;
  wire [32:0] shift_row1;
  wire [32:0] shift_row2;
  wire [32:0] shift_row3;
  assign n = - { 1'h0, i_significand };
  assign number = i_sign ? n : { 1'h0, i_significand };
  assign shift_row0 = i_exponent[0] ? { {30{number[1]}}, number, 1'h0 } : { {31{number[1]}}, number };
  assign shift_row1 = i_exponent[1] ? { shift_row0[30:0], 2'h0 } : shift_row0;
  assign shift_row2 = i_exponent[2] ? { shift_row1[28:0], 4'h0 } : shift_row1;
  assign shift_row3 = i_exponent[3] ? { shift_row2[24:0], 8'h00 } : shift_row2;
  assign o = i_exponent[4] ? { shift_row3[16:0], 16'h0000 } : shift_row3;
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    i_zero};
endmodule
