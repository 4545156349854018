// Decodes a binary float (IEEE 754-2019, section 3.4) to fixed point. `magnitude` is in units of
// the smallest subnormal, and equals `significand` << `shift` for finite codes. VARIANT selects the
// special values. 0: infinities and NaN at the top exponent. 1 (fn): no infinities, and NaN is the
// last code of each sign. 2: finite values only.
module float_decode #(
  parameter E = 5, parameter M = 10, parameter VARIANT = 0, parameter W = M + (1 << E)
) (
  input [E+M:0] code,
  output nan, output inf, output negative, output [W-1:0] magnitude,
  output [M:0] significand, output [E-1:0] shift
);
  wire [E-1:0] field = code[M+E-1:M];
  wire [M:0] fraction = code & ((1 << M) - 1);
  wire top = &field;
  assign nan = VARIANT == 0 ? top && fraction != 0 : VARIANT == 1 ? &code[E+M-1:0] : 1'b0;
  assign inf = VARIANT == 0 && top && fraction == 0;
  assign negative = code[E+M] & ~nan;
  assign significand = field == 0 ? fraction : fraction + (1 << M);
  assign shift = field == 0 ? 0 : field - 1;
  wire [W-1:0] placed = significand;
  assign magnitude = nan || inf ? 0 : placed << shift;
endmodule
