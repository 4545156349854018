
// Adds a group of products to a word that counts in units of their least bit.
module int8_exact_int_32_int32_mac_stages0_integer_step (
  input clear,
  input [31:0] state,
  input [15:0] i0_significand,
  output [31:0] next
);
  wire exact;
  wire [31:0] n;
  assign n = clear ? 32'd0 : state;
  assign { exact, next } = { n[31], n } + { {17{i0_significand[15]}}, i0_significand };
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    exact};
endmodule
