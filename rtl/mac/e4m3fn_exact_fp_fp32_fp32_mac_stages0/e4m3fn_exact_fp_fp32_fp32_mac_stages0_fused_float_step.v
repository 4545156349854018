
// Adds a group of products to a float exactly and rounds once.
module e4m3fn_exact_fp_fp32_fp32_mac_stages0_fused_float_step (
  input clear,
  input [31:0] state,
  input [7:0] i0_significand,
  input i0_zero,
  input i0_sign,
  input [4:0] i0_exponent,
  input i0_nan,
  output [31:0] next
);
  wire [7:0] a_exponent;
  wire a_inf;
  wire a_nan;
  wire a_sign;
  wire [23:0] a_significand;
  wire a_zero;
  wire [31:0] i;
  wire [7:0] i_exponent;
  wire i_sign;
  wire [59:0] i_significand;
  wire i_zero;
  wire n;
  wire n_2;
  wire [31:0] n_3;
  wire n_4;
  wire n_5;
  wire n_6;
  wire n_7;
  wire n_8;
  wire [31:0] n_9;
  wire [31:0] o;
  wire zero_sign;
  e4m3fn_exact_fp_fp32_fp32_mac_stages0_fused_add add (
    .a_exponent(a_exponent),
    .a_inf(a_inf),
    .a_nan(a_nan),
    .a_sign(a_sign),
    .a_significand(a_significand),
    .a_zero(a_zero),
    .o_exponent(i_exponent),
    .o_sign(i_sign),
    .o_significand(i_significand),
    .o_zero(i_zero),
    .p_exponent(i0_exponent),
    .p_nan(i0_nan),
    .p_sign(i0_sign),
    .p_significand(i0_significand),
    .p_zero(i0_zero),
    .zero_sign(zero_sign)
  );
  e4m3fn_exact_fp_fp32_fp32_mac_stages0_binary_float_decoder decode (
    .i(i),
    .o_exponent(a_exponent),
    .o_inf(a_inf),
    .o_nan(a_nan),
    .o_sign(a_sign),
    .o_significand(a_significand),
    .o_zero(a_zero)
  );
  e4m3fn_exact_fp_fp32_fp32_mac_stages0_binary_float_encoder encode (
    .i_exponent(i_exponent),
    .i_sign(i_sign),
    .i_significand(i_significand),
    .i_zero(i_zero),
    .o(o)
  );
  assign i = clear ? 32'd0 : state;
  assign zero_sign = i0_sign & a_sign;
  assign n = n_6 | n_2;
  assign n_3 = n_2 ? 32'd4286578688 : 32'd2139095040;
  assign n_4 = i0_nan | a_nan;
  assign n_5 = ~ a_sign;
  assign n_6 = a_inf & n_5;
  assign n_2 = a_inf & a_sign;
  assign n_7 = n_6 & n_2;
  assign n_8 = n_4 | n_7;
  assign n_9 = n ? n_3 : o;
  assign next = n_8 ? 32'd2143289344 : n_9;
endmodule
