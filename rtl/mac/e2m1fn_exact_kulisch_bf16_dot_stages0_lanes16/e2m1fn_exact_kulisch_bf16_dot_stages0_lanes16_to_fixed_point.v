
// Puts a product in place: negated if need be, then shifted.
module e2m1fn_exact_kulisch_bf16_dot_stages0_lanes16_to_fixed_point (
  input [3:0] i_significand,
  input i_zero,
  input i_sign,
  input [2:0] i_exponent,
  output [8:0] o
);
  wire [4:0] n;
  wire [4:0] number;
  wire [10:0] shift_row0;
  wire [10:0] shift_row1;
  wire [1:0] shift_row2;
  assign n = - { 1'h0, i_significand };
  assign number = i_sign ? n : { 1'h0, i_significand };
  assign shift_row0 = i_exponent[0] ? { {5{number[4]}}, number, 1'h0 } : { {6{number[4]}}, number };
  assign shift_row1 = i_exponent[1] ? { shift_row0[8:0], 2'h0 } : shift_row0;
  assign { o, shift_row2 } = i_exponent[2] ? { shift_row1[6:0], 4'h0 } : shift_row1;
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    i_zero, shift_row2};
endmodule
