// Rounds a number in units of 2^LSB to a binary float (IEEE 754-2019, sections 4.3 and 7.4). The
// place of the leading bit determines the exponent. VARIANT: see float_decode.v. In a format
// without infinities, a result beyond the largest value saturates to the largest value. MODE is the
// rounding: 0 nearest even, 1 nearest away, 2 toward zero, 3 up, 4 down.
module float_encode #(
  parameter W = 8, parameter integer LSB = 0, parameter E = 5, parameter M = 10,
  parameter integer BIAS = 15, parameter VARIANT = 0, parameter MODE = 0
) (
  input nan, input inf, input negative, input [W-1:0] magnitude, output [E+M:0] code
);
  localparam C = E + M + 2;
  localparam [C-1:0] INFINITY = ((1 << E) - 1) << M;
  localparam [C-1:0] LARGEST =
    VARIANT == 0 ? INFINITY - 1 : VARIANT == 1 ? (1 << (E + M)) - 2 : (1 << (E + M)) - 1;
  localparam [E+M-1:0] NAN =
    VARIANT == 0 ? INFINITY + (1 << (M - 1)) : VARIANT == 1 ? (1 << (E + M)) - 1 : 0;

  // choice[p+1] is the code before the test for overflow if the leading bit is at place p or lower,
  // and zero otherwise.
  wire [C-1:0] choice [W:0];
  assign choice[0] = 0;
  genvar p;
  generate
    for (p = 0; p < W; p = p + 1) begin : place
      localparam integer EXPONENT = LSB + p > 1 - BIAS ? LSB + p : 1 - BIAS;
      localparam integer CUT = EXPONENT - M - LSB;
      wire leads = magnitude[p] && (magnitude >> (p + 1)) == 0;
      wire [M:0] kept;
      wire half, rest;
      if (CUT <= 0) begin : exact
        assign kept = magnitude << -CUT;
        assign {half, rest} = 0;
      end else begin : rounded
        // One additional zero bit at the bottom, so that bits below the half always exist.
        wire [W+CUT:0] wide = magnitude << 1;
        assign kept = wide >> (CUT + 1);
        assign half = wide[CUT];
        assign rest = wide[CUT-1:0] != 0;
      end
      wire inexact = half | rest;
      wire step =
        MODE == 0 ? half & (rest | kept[0]) : MODE == 1 ? half :
        MODE == 3 ? inexact & ~negative : MODE == 4 ? inexact & negative : 1'b0;
      // `kept` includes the leading bit of a normal number. This bit adds 1 to the exponent field,
      // so the field starts at EXPONENT + BIAS - 1.
      wire beyond = EXPONENT + BIAS >= (1 << E);
      wire [C-1:0] sum = ((EXPONENT + BIAS - 1) << M) + kept + step;
      assign choice[p+1] = choice[p] | (leads ? (beyond ? {C{1'b1}} : sum) : 0);
    end
  endgenerate

  wire toward_inf = MODE == 2 ? 1'b0 : MODE == 3 ? ~negative : MODE == 4 ? negative : 1'b1;
  wire [C-1:0] result =
    choice[W] <= LARGEST ? choice[W] : VARIANT == 0 && toward_inf ? INFINITY : LARGEST;
  wire [E+M-1:0] finite = result;
  wire [E+M-1:0] unbounded = VARIANT == 0 ? INFINITY : LARGEST;
  assign code = nan ? {1'b0, NAN} : {negative, inf ? unbounded : finite};
endmodule
