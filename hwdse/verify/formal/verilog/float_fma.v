// Computes a * b + c of binary floats (IEEE 754-2019, sections 5.4.1, 6.1, 6.3 and 7.2): an exact
// sum in fixed point, rounded once. The smallest subnormal of a is 2^LSB_A. LSB_B and LSB_C are the
// same exponents for b and c.
module float_fma #(
  parameter EA = 5, parameter MA = 2, parameter integer LSB_A = -16, parameter VARIANT_A = 0,
  parameter EB = 5, parameter MB = 2, parameter integer LSB_B = -16, parameter VARIANT_B = 0,
  parameter EC = 5, parameter MC = 2, parameter integer LSB_C = -16, parameter VARIANT_C = 0,
  parameter EO = 5, parameter MO = 2, parameter integer BIAS_O = 15, parameter VARIANT_O = 0,
  parameter MODE = 0
) (
  input [EA+MA:0] a, input [EB+MB:0] b, input [EC+MC:0] c, output [EO+MO:0] o
);
  wire a_nan, a_inf, a_negative, b_nan, b_inf, b_negative, c_nan, c_inf, c_negative;
  wire [MA:0] a_significand;
  wire [MB:0] b_significand;
  wire [EA-1:0] a_shift;
  wire [EB-1:0] b_shift;
  float_decode #(.E(EA), .M(MA), .VARIANT(VARIANT_A)) decode_a(.code(a), .nan(a_nan), .inf(a_inf),
    .negative(a_negative), .significand(a_significand), .shift(a_shift));
  float_decode #(.E(EB), .M(MB), .VARIANT(VARIANT_B)) decode_b(.code(b), .nan(b_nan), .inf(b_inf),
    .negative(b_negative), .significand(b_significand), .shift(b_shift));
  localparam WC = MC + (1 << EC);
  wire [WC-1:0] c_magnitude;
  float_decode #(.E(EC), .M(MC), .VARIANT(VARIANT_C), .W(WC)) decode_c(.code(c), .nan(c_nan),
    .inf(c_inf), .negative(c_negative), .magnitude(c_magnitude));

  localparam integer LSB_P = LSB_A + LSB_B, LSB = LSB_P < LSB_C ? LSB_P : LSB_C;
  localparam WP = MA + MB + 2 + (1 << EA) + (1 << EB);
  localparam UP_P = LSB_P - LSB, UP_C = LSB_C - LSB;
  localparam W = (WP + UP_P > WC + UP_C ? WP + UP_P : WC + UP_C) + 1;
  wire [MA+MB+1:0] significand = a_significand * b_significand;
  wire [W-1:0] wide = significand;
  wire [W-1:0] p_magnitude = wide << (a_shift + b_shift + UP_P);
  wire [W-1:0] c_placed = c_magnitude << UP_C;
  wire p_negative = a_negative ^ b_negative, p_inf = a_inf | b_inf;
  wire invalid = a_inf & b_significand == 0 & ~b_inf | b_inf & a_significand == 0 & ~a_inf;

  wire [W:0] p_number = p_negative ? -{1'b0, p_magnitude} : {1'b0, p_magnitude};
  wire [W:0] c_number = c_negative ? -{1'b0, c_placed} : {1'b0, c_placed};
  wire [W:0] sum = p_number + c_number;
  wire [W-1:0] magnitude = sum[W] ? -sum : sum;
  // The sign of an exact zero is the common sign of product and addend. If these signs differ, the
  // zero is positive, except when rounding down: then the zero is negative.
  wire zero_negative = p_negative == c_negative ? p_negative : MODE == 4;
  wire nan = a_nan | b_nan | c_nan | invalid | (p_inf & c_inf & (p_negative != c_negative));
  wire inf = p_inf | c_inf;
  wire negative = ~nan &
    (p_inf ? p_negative : c_inf ? c_negative : magnitude == 0 ? zero_negative : sum[W]);
  float_encode #(.W(W), .LSB(LSB), .E(EO), .M(MO), .BIAS(BIAS_O), .VARIANT(VARIANT_O), .MODE(MODE))
    encode(.nan(nan), .inf(inf), .negative(negative), .magnitude(magnitude), .code(o));
endmodule
