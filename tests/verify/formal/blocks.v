// What the shared blocks should do, in plain words of Verilog.

// Zeros above the highest set bit; the count of an all-zero word is not defined and shown as 0.
module leading_zeros #(parameter W = 8, parameter C = 4) (
  input [W-1:0] value, output [C-1:0] count, output empty
);
  integer k;
  reg [C-1:0] found;
  always @* begin
    found = 0;
    for (k = 0; k < W; k = k + 1)
      if (value[k]) found = W - 1 - k;
  end
  assign count = found;
  assign empty = value == 0;
endmodule

module shifted_left #(parameter W = 8, parameter A = 3, parameter O = 8) (
  input [W-1:0] value, input [A-1:0] amount, output [O-1:0] shifted
);
  wire [O+W-1:0] wide = value;
  assign shifted = wide << amount;
endmodule

module shifted_right #(parameter W = 8, parameter A = 3) (
  input [W-1:0] value, input [A-1:0] amount, output [W-1:0] shifted, output sticky
);
  assign shifted = value >> amount;
  // With as many zeros below as can be shifted out, nothing is lost.
  localparam F = (1 << A) - 1;
  wire [W+F-1:0] all = {value, {F{1'b0}}};
  wire [W+F-1:0] exact = all >> amount;
  assign sticky = exact[F-1:0] != 0;
endmodule

// The top K bits of value << count, and whether anything lies below them.
module topmost #(parameter W = 8, parameter C = 3, parameter K = 4) (
  input [W-1:0] value, input [C-1:0] count, output [K-1:0] kept, output sticky
);
  wire [W-1:0] up = value << count;
  wire [W+K-1:0] wide = {up, {K{1'b0}}};
  assign kept = wide >> W;
  assign sticky = wide[W-1:0] != 0;
endmodule
