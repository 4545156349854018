// Decodes a posit (Standard for Posit Arithmetic 2022, section 3) to fixed point. `magnitude` is in
// units of the smallest positive value. `nan` marks NaR.
module posit_decode #(
  parameter N = 16, parameter ES = 1, parameter W = 2 * (N - 2) * (1 << ES) + 1
) (
  input [N-1:0] code, output nan, output negative, output [W-1:0] magnitude
);
  localparam LARGEST = (N - 2) << ES;
  assign nan = code == (1 << (N - 1));
  assign negative = code[N-1] & ~nan;
  wire [N-1:0] absolute = code[N-1] ? -code : code;
  wire [N-2:0] body = absolute;
  wire [W-1:0] choice [N-1:0];
  assign choice[0] = 0;
  genvar r;
  generate
    // A regime of r equal bits. The opposite bit or the end of the word ends the regime.
    for (r = 1; r < N; r = r + 1) begin : run
      wire [N-2:0] leading = body >> (N - 1 - r);
      wire ended = r == N - 1 || body[r == N - 1 ? 0 : N - 2 - r] != body[N-2];
      wire ones = leading == (1 << r) - 1, zeros = leading == 0;
      // The exponent and then the fraction follow the regime. Missing bits are zeros.
      wire [N+ES+1:0] after = (body << (r + 1)) & ((1 << (N - 1)) - 1);
      wire [N+ES+1:0] padded = after << ES;
      wire [ES:0] exponent = padded >> (N - 1);
      wire [N-1:0] significand = (padded & ((1 << (N - 1)) - 1)) | (1 << (N - 1));
      wire [W+N-1:0] wide = significand;
      wire [W+N-1:0] of_ones = wide << (((r - 1) << ES) + LARGEST + exponent);
      wire [W+N-1:0] of_zeros = wide << (LARGEST - (r << ES) + exponent);
      wire [W-1:0] here = ended && ones ? of_ones >> (N - 1) :
        ended && zeros && r < N - 1 ? of_zeros >> (N - 1) : 0;
      assign choice[r] = choice[r-1] | here;
    end
  endgenerate
  assign magnitude = nan ? 0 : choice[N-1];
endmodule
