
// Normalises, rounds once and packs; a record of the format's own bounds is packed as it is.
module e4m3fn_exact_fp_fp32_fp32_mac_stages0_binary_float_encoder_2 (
  input [23:0] i_significand,
  input i_zero,
  input i_sign,
  input [7:0] i_exponent,
  input i_nan,
  input i_inf,
  output [31:0] o
);
  wire [7:0] n;
  wire [30:0] signal;
  assign n = i_exponent & { {8{i_significand[23]}} };
  assign signal = i_inf ? 31'h7f800000 : { n, i_significand[22:0] };
  assign o = i_nan ? 32'd2143289344 : { i_sign, signal };
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    i_zero};
endmodule
