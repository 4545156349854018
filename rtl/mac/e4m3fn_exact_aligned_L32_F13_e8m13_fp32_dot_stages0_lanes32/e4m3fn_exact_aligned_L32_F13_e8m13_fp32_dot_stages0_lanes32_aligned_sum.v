
// Products and addend truncated to the grid of the greatest exponent, and added.
module e4m3fn_exact_aligned_L32_F13_e8m13_fp32_dot_stages0_lanes32_aligned_sum (
  input [7:0] p0_significand,
  input p0_zero,
  input p0_sign,
  input [4:0] p0_exponent,
  input p0_nan,
  input [7:0] p1_significand,
  input p1_zero,
  input p1_sign,
  input [4:0] p1_exponent,
  input p1_nan,
  input [7:0] p2_significand,
  input p2_zero,
  input p2_sign,
  input [4:0] p2_exponent,
  input p2_nan,
  input [7:0] p3_significand,
  input p3_zero,
  input p3_sign,
  input [4:0] p3_exponent,
  input p3_nan,
  input [7:0] p4_significand,
  input p4_zero,
  input p4_sign,
  input [4:0] p4_exponent,
  input p4_nan,
  input [7:0] p5_significand,
  input p5_zero,
  input p5_sign,
  input [4:0] p5_exponent,
  input p5_nan,
  input [7:0] p6_significand,
  input p6_zero,
  input p6_sign,
  input [4:0] p6_exponent,
  input p6_nan,
  input [7:0] p7_significand,
  input p7_zero,
  input p7_sign,
  input [4:0] p7_exponent,
  input p7_nan,
  input [7:0] p8_significand,
  input p8_zero,
  input p8_sign,
  input [4:0] p8_exponent,
  input p8_nan,
  input [7:0] p9_significand,
  input p9_zero,
  input p9_sign,
  input [4:0] p9_exponent,
  input p9_nan,
  input [7:0] p10_significand,
  input p10_zero,
  input p10_sign,
  input [4:0] p10_exponent,
  input p10_nan,
  input [7:0] p11_significand,
  input p11_zero,
  input p11_sign,
  input [4:0] p11_exponent,
  input p11_nan,
  input [7:0] p12_significand,
  input p12_zero,
  input p12_sign,
  input [4:0] p12_exponent,
  input p12_nan,
  input [7:0] p13_significand,
  input p13_zero,
  input p13_sign,
  input [4:0] p13_exponent,
  input p13_nan,
  input [7:0] p14_significand,
  input p14_zero,
  input p14_sign,
  input [4:0] p14_exponent,
  input p14_nan,
  input [7:0] p15_significand,
  input p15_zero,
  input p15_sign,
  input [4:0] p15_exponent,
  input p15_nan,
  input [7:0] p16_significand,
  input p16_zero,
  input p16_sign,
  input [4:0] p16_exponent,
  input p16_nan,
  input [7:0] p17_significand,
  input p17_zero,
  input p17_sign,
  input [4:0] p17_exponent,
  input p17_nan,
  input [7:0] p18_significand,
  input p18_zero,
  input p18_sign,
  input [4:0] p18_exponent,
  input p18_nan,
  input [7:0] p19_significand,
  input p19_zero,
  input p19_sign,
  input [4:0] p19_exponent,
  input p19_nan,
  input [7:0] p20_significand,
  input p20_zero,
  input p20_sign,
  input [4:0] p20_exponent,
  input p20_nan,
  input [7:0] p21_significand,
  input p21_zero,
  input p21_sign,
  input [4:0] p21_exponent,
  input p21_nan,
  input [7:0] p22_significand,
  input p22_zero,
  input p22_sign,
  input [4:0] p22_exponent,
  input p22_nan,
  input [7:0] p23_significand,
  input p23_zero,
  input p23_sign,
  input [4:0] p23_exponent,
  input p23_nan,
  input [7:0] p24_significand,
  input p24_zero,
  input p24_sign,
  input [4:0] p24_exponent,
  input p24_nan,
  input [7:0] p25_significand,
  input p25_zero,
  input p25_sign,
  input [4:0] p25_exponent,
  input p25_nan,
  input [7:0] p26_significand,
  input p26_zero,
  input p26_sign,
  input [4:0] p26_exponent,
  input p26_nan,
  input [7:0] p27_significand,
  input p27_zero,
  input p27_sign,
  input [4:0] p27_exponent,
  input p27_nan,
  input [7:0] p28_significand,
  input p28_zero,
  input p28_sign,
  input [4:0] p28_exponent,
  input p28_nan,
  input [7:0] p29_significand,
  input p29_zero,
  input p29_sign,
  input [4:0] p29_exponent,
  input p29_nan,
  input [7:0] p30_significand,
  input p30_zero,
  input p30_sign,
  input [4:0] p30_exponent,
  input p30_nan,
  input [7:0] p31_significand,
  input p31_zero,
  input p31_sign,
  input [4:0] p31_exponent,
  input p31_nan,
  input [13:0] c_significand,
  input c_zero,
  input c_sign,
  input [7:0] c_exponent,
  input c_nan,
  input c_inf,
  output [20:0] o_significand,
  output o_zero,
  output o_sign,
  output [7:0] o_exponent,
  output o_nan
);
  wire [9:0] addend;
  wire [13:0] addend_row0;
  wire [13:0] addend_row1;
  wire [13:0] addend_row2;
  wire [13:0] addend_row3;
  wire addend_wins;
  wire [13:0] addend_within;
  wire [14:0] lane0_row0;
  wire [14:0] lane0_row1;
  wire [14:0] lane0_row2;
  wire [14:0] lane0_row3;
  wire [14:0] lane0_within;
  wire [14:0] lane10_row0;
  wire [14:0] lane10_row1;
  wire [14:0] lane10_row2;
  wire [14:0] lane10_row3;
  wire [14:0] lane10_within;
  wire [14:0] lane11_row0;
  wire [14:0] lane11_row1;
  wire [14:0] lane11_row2;
  wire [14:0] lane11_row3;
  wire [14:0] lane11_within;
  wire [14:0] lane12_row0;
  wire [14:0] lane12_row1;
  wire [14:0] lane12_row2;
  wire [14:0] lane12_row3;
  wire [14:0] lane12_within;
  wire [14:0] lane13_row0;
  wire [14:0] lane13_row1;
  wire [14:0] lane13_row2;
  wire [14:0] lane13_row3;
  wire [14:0] lane13_within;
  wire [14:0] lane14_row0;
  wire [14:0] lane14_row1;
  wire [14:0] lane14_row2;
  wire [14:0] lane14_row3;
  wire [14:0] lane14_within;
  wire [14:0] lane15_row0;
  wire [14:0] lane15_row1;
  wire [14:0] lane15_row2;
  wire [14:0] lane15_row3;
  wire [14:0] lane15_within;
  wire [14:0] lane16_row0;
  wire [14:0] lane16_row1;
  wire [14:0] lane16_row2;
  wire [14:0] lane16_row3;
  wire [14:0] lane16_within;
  wire [14:0] lane17_row0;
  wire [14:0] lane17_row1;
  wire [14:0] lane17_row2;
  wire [14:0] lane17_row3;
  wire [14:0] lane17_within;
  wire [14:0] lane18_row0;
  wire [14:0] lane18_row1;
  wire [14:0] lane18_row2;
  wire [14:0] lane18_row3;
  wire [14:0] lane18_within;
  wire [14:0] lane19_row0;
  wire [14:0] lane19_row1;
  wire [14:0] lane19_row2;
  wire [14:0] lane19_row3;
  wire [14:0] lane19_within;
  wire [14:0] lane1_row0;
  wire [14:0] lane1_row1;
  wire [14:0] lane1_row2;
  wire [14:0] lane1_row3;
  wire [14:0] lane1_within;
  wire [14:0] lane20_row0;
  wire [14:0] lane20_row1;
  wire [14:0] lane20_row2;
  wire [14:0] lane20_row3;
  wire [14:0] lane20_within;
  wire [14:0] lane21_row0;
  wire [14:0] lane21_row1;
  wire [14:0] lane21_row2;
  wire [14:0] lane21_row3;
  wire [14:0] lane21_within;
  wire [14:0] lane22_row0;
  wire [14:0] lane22_row1;
  wire [14:0] lane22_row2;
  wire [14:0] lane22_row3;
  wire [14:0] lane22_within;
  wire [14:0] lane23_row0;
  wire [14:0] lane23_row1;
  wire [14:0] lane23_row2;
  wire [14:0] lane23_row3;
  wire [14:0] lane23_within;
  wire [14:0] lane24_row0;
  wire [14:0] lane24_row1;
  wire [14:0] lane24_row2;
  wire [14:0] lane24_row3;
  wire [14:0] lane24_within;
  wire [14:0] lane25_row0;
  wire [14:0] lane25_row1;
  wire [14:0] lane25_row2;
  wire [14:0] lane25_row3;
  wire [14:0] lane25_within;
  wire [14:0] lane26_row0;
  wire [14:0] lane26_row1;
  wire [14:0] lane26_row2;
  wire [14:0] lane26_row3;
  wire [14:0] lane26_within;
  wire [14:0] lane27_row0;
  wire [14:0] lane27_row1;
  wire [14:0] lane27_row2;
  wire [14:0] lane27_row3;
  wire [14:0] lane27_within;
  wire [14:0] lane28_row0;
  wire [14:0] lane28_row1;
  wire [14:0] lane28_row2;
  wire [14:0] lane28_row3;
  wire [14:0] lane28_within;
  wire [14:0] lane29_row0;
  wire [14:0] lane29_row1;
  wire [14:0] lane29_row2;
  wire [14:0] lane29_row3;
  wire [14:0] lane29_within;
  wire [14:0] lane2_row0;
  wire [14:0] lane2_row1;
  wire [14:0] lane2_row2;
  wire [14:0] lane2_row3;
  wire [14:0] lane2_within;
  wire [14:0] lane30_row0;
  wire [14:0] lane30_row1;
  wire [14:0] lane30_row2;
  wire [14:0] lane30_row3;
  wire [14:0] lane30_within;
  wire [14:0] lane31_row0;
  wire [14:0] lane31_row1;
  wire [14:0] lane31_row2;
  wire [14:0] lane31_row3;
  wire [14:0] lane31_within;
  wire [14:0] lane3_row0;
  wire [14:0] lane3_row1;
  wire [14:0] lane3_row2;
  wire [14:0] lane3_row3;
  wire [14:0] lane3_within;
  wire [14:0] lane4_row0;
  wire [14:0] lane4_row1;
  wire [14:0] lane4_row2;
  wire [14:0] lane4_row3;
  wire [14:0] lane4_within;
  wire [14:0] lane5_row0;
  wire [14:0] lane5_row1;
  wire [14:0] lane5_row2;
  wire [14:0] lane5_row3;
  wire [14:0] lane5_within;
  wire [14:0] lane6_row0;
  wire [14:0] lane6_row1;
  wire [14:0] lane6_row2;
  wire [14:0] lane6_row3;
  wire [14:0] lane6_within;
  wire [14:0] lane7_row0;
  wire [14:0] lane7_row1;
  wire [14:0] lane7_row2;
  wire [14:0] lane7_row3;
  wire [14:0] lane7_within;
  wire [14:0] lane8_row0;
  wire [14:0] lane8_row1;
  wire [14:0] lane8_row2;
  wire [14:0] lane8_row3;
  wire [14:0] lane8_within;
  wire [14:0] lane9_row0;
  wire [14:0] lane9_row1;
  wire [14:0] lane9_row2;
  wire [14:0] lane9_row3;
  wire [14:0] lane9_within;
  wire n;
  wire n_10;
  wire n_100;
  wire [6:0] n_101;
  wire n_102;
  wire [6:0] n_103;
  wire n_104;
  wire n_105;
  wire [14:0] n_106;
  wire [14:0] n_107;
  wire [17:0] n_108;
  wire [14:0] n_109;
  wire n_11;
  wire [14:0] n_110;
  wire [17:0] n_111;
  wire [18:0] n_112;
  wire [14:0] n_113;
  wire [14:0] n_114;
  wire [17:0] n_115;
  wire [14:0] n_116;
  wire [14:0] n_117;
  wire [17:0] n_118;
  wire [18:0] n_119;
  wire n_12;
  wire [19:0] n_120;
  wire [14:0] n_121;
  wire [14:0] n_122;
  wire [17:0] n_123;
  wire [14:0] n_124;
  wire [14:0] n_125;
  wire [17:0] n_126;
  wire [18:0] n_127;
  wire [14:0] n_128;
  wire [14:0] n_129;
  wire n_13;
  wire [17:0] n_130;
  wire [14:0] n_131;
  wire [14:0] n_132;
  wire [17:0] n_133;
  wire [18:0] n_134;
  wire [19:0] n_135;
  wire [20:0] n_136;
  wire [14:0] n_137;
  wire [14:0] n_138;
  wire [17:0] n_139;
  wire n_14;
  wire [14:0] n_140;
  wire [14:0] n_141;
  wire [17:0] n_142;
  wire [18:0] n_143;
  wire [14:0] n_144;
  wire [14:0] n_145;
  wire [17:0] n_146;
  wire [14:0] n_147;
  wire [14:0] n_148;
  wire [17:0] n_149;
  wire n_15;
  wire [18:0] n_150;
  wire [19:0] n_151;
  wire [14:0] n_152;
  wire [14:0] n_153;
  wire [17:0] n_154;
  wire [14:0] n_155;
  wire [14:0] n_156;
  wire [17:0] n_157;
  wire [18:0] n_158;
  wire [14:0] n_159;
  wire n_16;
  wire [14:0] n_160;
  wire [17:0] n_161;
  wire [14:0] n_162;
  wire [14:0] n_163;
  wire [17:0] n_164;
  wire [18:0] n_165;
  wire [19:0] n_166;
  wire [20:0] n_167;
  wire [21:0] n_168;
  wire [13:0] n_169;
  wire n_17;
  wire [22:0] n_170;
  wire [21:0] n_171;
  wire [22:0] n_172;
  wire [1:0] n_173;
  wire [7:0] n_174;
  wire n_175;
  wire n_176;
  wire n_177;
  wire n_178;
  wire n_179;
  wire n_18;
  wire n_180;
  wire n_181;
  wire n_182;
  wire n_183;
  wire n_184;
  wire n_19;
  wire n_2;
  wire n_20;
  wire n_21;
  wire n_22;
  wire n_23;
  wire n_24;
  wire n_25;
  wire n_26;
  wire n_27;
  wire n_28;
  wire n_29;
  wire n_3;
  wire n_30;
  wire n_31;
  wire n_32;
  wire n_33;
  wire n_34;
  wire n_35;
  wire n_36;
  wire [16:0] n_37;
  wire [16:0] n_38;
  wire [17:0] n_39;
  wire n_4;
  wire [17:0] n_40;
  wire [6:0] n_41;
  wire n_42;
  wire [6:0] n_43;
  wire n_44;
  wire [6:0] n_45;
  wire n_46;
  wire [6:0] n_47;
  wire n_48;
  wire [6:0] n_49;
  wire n_5;
  wire n_50;
  wire [6:0] n_51;
  wire n_52;
  wire [6:0] n_53;
  wire n_54;
  wire [6:0] n_55;
  wire n_56;
  wire [6:0] n_57;
  wire n_58;
  wire [6:0] n_59;
  wire n_6;
  wire n_60;
  wire [6:0] n_61;
  wire n_62;
  wire [6:0] n_63;
  wire n_64;
  wire [6:0] n_65;
  wire n_66;
  wire [6:0] n_67;
  wire n_68;
  wire [6:0] n_69;
  wire n_7;
  wire n_70;
  wire [6:0] n_71;
  wire n_72;
  wire [6:0] n_73;
  wire n_74;
  wire [6:0] n_75;
  wire n_76;
  wire [6:0] n_77;
  wire n_78;
  wire [6:0] n_79;
  wire n_8;
  wire n_80;
  wire [6:0] n_81;
  wire n_82;
  wire [6:0] n_83;
  wire n_84;
  wire [6:0] n_85;
  wire n_86;
  wire [6:0] n_87;
  wire n_88;
  wire [6:0] n_89;
  wire n_9;
  wire n_90;
  wire [6:0] n_91;
  wire n_92;
  wire [6:0] n_93;
  wire n_94;
  wire [6:0] n_95;
  wire n_96;
  wire [6:0] n_97;
  wire n_98;
  wire [6:0] n_99;
  wire search_bit0;
  wire search_bit1;
  wire search_bit2;
  wire search_bit3;
  wire search_bit4;
  wire [31:0] search_left1;
  wire [31:0] search_left2;
  wire [31:0] search_left3;
  wire [31:0] search_left4;
  wire [31:0] search_ones0;
  wire [31:0] search_ones1;
  wire [31:0] search_ones2;
  wire [31:0] search_ones3;
  wire [31:0] search_ones4;
  assign n_95 = { 1'h0, n_38[5:0] } - { 2'h0, p27_exponent };
  assign n_96 = | n_95[5:4];
  assign lane27_within = n_96 ? 15'h0000 : { p27_significand, 7'h00 };
  assign lane27_row0 = n_95[0] ? { 1'h0, lane27_within[14:1] } : lane27_within;
  assign lane27_row1 = n_95[1] ? { 2'h0, lane27_row0[14:2] } : lane27_row0;
  assign lane27_row2 = n_95[2] ? { 4'h0, lane27_row1[14:4] } : lane27_row1;
  assign lane27_row3 = n_95[3] ? { 8'h00, lane27_row2[14:8] } : lane27_row2;
  assign n_97 = { 1'h0, n_38[5:0] } - { 2'h0, p28_exponent };
  assign n_98 = | n_97[5:4];
  assign lane28_within = n_98 ? 15'h0000 : { p28_significand, 7'h00 };
  assign lane28_row0 = n_97[0] ? { 1'h0, lane28_within[14:1] } : lane28_within;
  assign lane28_row1 = n_97[1] ? { 2'h0, lane28_row0[14:2] } : lane28_row0;
  assign lane28_row2 = n_97[2] ? { 4'h0, lane28_row1[14:4] } : lane28_row1;
  assign lane28_row3 = n_97[3] ? { 8'h00, lane28_row2[14:8] } : lane28_row2;
  assign n_99 = { 1'h0, n_38[5:0] } - { 2'h0, p29_exponent };
  assign n_100 = | n_99[5:4];
  assign lane29_within = n_100 ? 15'h0000 : { p29_significand, 7'h00 };
  assign lane29_row0 = n_99[0] ? { 1'h0, lane29_within[14:1] } : lane29_within;
  assign lane29_row1 = n_99[1] ? { 2'h0, lane29_row0[14:2] } : lane29_row0;
  assign lane29_row2 = n_99[2] ? { 4'h0, lane29_row1[14:4] } : lane29_row1;
  assign lane29_row3 = n_99[3] ? { 8'h00, lane29_row2[14:8] } : lane29_row2;
  assign n_101 = { 1'h0, n_38[5:0] } - { 2'h0, p30_exponent };
  assign n_102 = | n_101[5:4];
  assign lane30_within = n_102 ? 15'h0000 : { p30_significand, 7'h00 };
  assign lane30_row0 = n_101[0] ? { 1'h0, lane30_within[14:1] } : lane30_within;
  assign lane30_row1 = n_101[1] ? { 2'h0, lane30_row0[14:2] } : lane30_row0;
  assign lane30_row2 = n_101[2] ? { 4'h0, lane30_row1[14:4] } : lane30_row1;
  assign lane30_row3 = n_101[3] ? { 8'h00, lane30_row2[14:8] } : lane30_row2;
  assign n_103 = { 1'h0, n_38[5:0] } - { 2'h0, p31_exponent };
  assign n_104 = | n_103[5:4];
  assign lane31_within = n_104 ? 15'h0000 : { p31_significand, 7'h00 };
  assign lane31_row0 = n_103[0] ? { 1'h0, lane31_within[14:1] } : lane31_within;
  assign lane31_row1 = n_103[1] ? { 2'h0, lane31_row0[14:2] } : lane31_row0;
  assign lane31_row2 = n_103[2] ? { 4'h0, lane31_row1[14:4] } : lane31_row1;
  assign lane31_row3 = n_103[3] ? { 8'h00, lane31_row2[14:8] } : lane31_row2;
  assign n_105 = | n_40[7:4];
  assign addend_within = n_105 ? 14'h0000 : c_significand;
  assign addend_row0 = n_40[0] ? { 1'h0, addend_within[13:1] } : addend_within;
  assign addend_row1 = n_40[1] ? { 2'h0, addend_row0[13:2] } : addend_row0;
  assign addend_row2 = n_40[2] ? { 4'h0, addend_row1[13:4] } : addend_row1;
  assign addend_row3 = n_40[3] ? { 8'h00, addend_row2[13:8] } : addend_row2;
  assign n_106 = lane0_row3 ^ { {15{p0_sign}} };
  assign n_107 = lane1_row3 ^ { {15{p1_sign}} };
  assign n_108 = { p0_sign, p0_sign, n_106, c_sign } + { p1_sign, p1_sign, n_107, c_sign };
  assign n_109 = lane2_row3 ^ { {15{p2_sign}} };
  assign n_110 = lane3_row3 ^ { {15{p3_sign}} };
  assign n_111 = { p2_sign, p2_sign, n_109, p31_sign } + { p3_sign, p3_sign, n_110, p31_sign };
  assign n_112 = { n_108[17], n_108[17:1], p16_sign } + { n_111[17], n_111[17:1], p16_sign };
  assign n_113 = lane4_row3 ^ { {15{p4_sign}} };
  assign n_114 = lane5_row3 ^ { {15{p5_sign}} };
  assign n_115 = { p4_sign, p4_sign, n_113, p30_sign } + { p5_sign, p5_sign, n_114, p30_sign };
  assign n_116 = lane6_row3 ^ { {15{p6_sign}} };
  assign n_117 = lane7_row3 ^ { {15{p7_sign}} };
  assign n_118 = { p6_sign, p6_sign, n_116, p29_sign } + { p7_sign, p7_sign, n_117, p29_sign };
  assign n_119 = { n_115[17], n_115[17:1], p15_sign } + { n_118[17], n_118[17:1], p15_sign };
  assign n_120 = { n_112[18], n_112[18:1], p8_sign } + { n_119[18], n_119[18:1], p8_sign };
  assign n_121 = lane8_row3 ^ { {15{p8_sign}} };
  assign n_122 = lane9_row3 ^ { {15{p9_sign}} };
  assign n_123 = { p8_sign, p8_sign, n_121, p28_sign } + { p9_sign, p9_sign, n_122, p28_sign };
  assign n_124 = lane10_row3 ^ { {15{p10_sign}} };
  assign n_125 = lane11_row3 ^ { {15{p11_sign}} };
  assign n_126 = { p10_sign, p10_sign, n_124, p27_sign } + { p11_sign, p11_sign, n_125, p27_sign };
  assign n_127 = { n_123[17], n_123[17:1], p14_sign } + { n_126[17], n_126[17:1], p14_sign };
  assign n_128 = lane12_row3 ^ { {15{p12_sign}} };
  assign n_129 = lane13_row3 ^ { {15{p13_sign}} };
  assign n_130 = { p12_sign, p12_sign, n_128, p26_sign } + { p13_sign, p13_sign, n_129, p26_sign };
  assign n_131 = lane14_row3 ^ { {15{p14_sign}} };
  assign n_132 = lane15_row3 ^ { {15{p15_sign}} };
  assign n_133 = { p14_sign, p14_sign, n_131, p25_sign } + { p15_sign, p15_sign, n_132, p25_sign };
  assign n_134 = { n_130[17], n_130[17:1], p13_sign } + { n_133[17], n_133[17:1], p13_sign };
  assign n_135 = { n_127[18], n_127[18:1], p7_sign } + { n_134[18], n_134[18:1], p7_sign };
  assign n_136 = { n_120[19], n_120[19:1], p4_sign } + { n_135[19], n_135[19:1], p4_sign };
  assign n_137 = lane16_row3 ^ { {15{p16_sign}} };
  assign n_138 = lane17_row3 ^ { {15{p17_sign}} };
  assign n_139 = { p16_sign, p16_sign, n_137, p24_sign } + { p17_sign, p17_sign, n_138, p24_sign };
  assign n_140 = lane18_row3 ^ { {15{p18_sign}} };
  assign n_141 = lane19_row3 ^ { {15{p19_sign}} };
  assign n_142 = { p18_sign, p18_sign, n_140, p23_sign } + { p19_sign, p19_sign, n_141, p23_sign };
  assign n_143 = { n_139[17], n_139[17:1], p12_sign } + { n_142[17], n_142[17:1], p12_sign };
  assign n_144 = lane20_row3 ^ { {15{p20_sign}} };
  assign n_145 = lane21_row3 ^ { {15{p21_sign}} };
  assign n_146 = { p20_sign, p20_sign, n_144, p22_sign } + { p21_sign, p21_sign, n_145, p22_sign };
  assign n_147 = lane22_row3 ^ { {15{p22_sign}} };
  assign n_148 = lane23_row3 ^ { {15{p23_sign}} };
  assign n_149 = { p22_sign, p22_sign, n_147, p21_sign } + { p23_sign, p23_sign, n_148, p21_sign };
  assign n_150 = { n_146[17], n_146[17:1], p11_sign } + { n_149[17], n_149[17:1], p11_sign };
  assign n_151 = { n_143[18], n_143[18:1], p6_sign } + { n_150[18], n_150[18:1], p6_sign };
  assign n_152 = lane24_row3 ^ { {15{p24_sign}} };
  assign n_153 = lane25_row3 ^ { {15{p25_sign}} };
  assign n_154 = { p24_sign, p24_sign, n_152, p20_sign } + { p25_sign, p25_sign, n_153, p20_sign };
  assign n_155 = lane26_row3 ^ { {15{p26_sign}} };
  assign n_156 = lane27_row3 ^ { {15{p27_sign}} };
  assign n_157 = { p26_sign, p26_sign, n_155, p19_sign } + { p27_sign, p27_sign, n_156, p19_sign };
  assign n_158 = { n_154[17], n_154[17:1], p10_sign } + { n_157[17], n_157[17:1], p10_sign };
  assign n_159 = lane28_row3 ^ { {15{p28_sign}} };
  assign n_160 = lane29_row3 ^ { {15{p29_sign}} };
  assign n_161 = { p28_sign, p28_sign, n_159, p18_sign } + { p29_sign, p29_sign, n_160, p18_sign };
  assign n_162 = lane30_row3 ^ { {15{p30_sign}} };
  assign n_163 = lane31_row3 ^ { {15{p31_sign}} };
  assign n_164 = { p30_sign, p30_sign, n_162, p17_sign } + { p31_sign, p31_sign, n_163, p17_sign };
  assign n_165 = { n_161[17], n_161[17:1], p9_sign } + { n_164[17], n_164[17:1], p9_sign };
  assign n_166 = { n_158[18], n_158[18:1], p5_sign } + { n_165[18], n_165[18:1], p5_sign };
  assign n_167 = { n_151[19], n_151[19:1], p3_sign } + { n_166[19], n_166[19:1], p3_sign };
  assign n_168 = { n_136[20], n_136[20:1], p2_sign } + { n_167[20], n_167[20:1], p2_sign };
  assign n_169 = addend_row3 ^ { {14{c_sign}} };
  assign n_170 = { n_168[21], n_168[21:1], p1_sign } + { {8{c_sign}}, n_169, p1_sign };
  assign { n_171[21], o_sign, n_171[20:0] } = { n_170[22], n_170[22:1] } + { 22'h000000, p0_sign };
  assign n_172 = - { o_sign, o_sign, n_171[20:0] };
  assign { n_173, o_significand } = o_sign ? n_172 : { o_sign, o_sign, n_171[20:0] };
  assign n_174 = { 3'h0, search_bit4, search_bit3, search_bit2, search_bit1, search_bit0 } + 8'h71;
  assign { n_175, o_exponent } = addend_wins ? { 1'h0, c_exponent } : { 1'h0, n_174 };
  assign n_176 = | o_significand;
  assign n_177 = ~ n_176;
  assign n_178 = ~ c_sign;
  assign n_179 = c_inf & n_178;
  assign n_180 = c_inf & c_sign;
  assign n_181 = n_179 | n_180;
  assign n_182 = ~ n_181;
  assign o_zero = n_177 & n_182;
  assign n_183 = | { c_nan, p31_nan, p30_nan, p29_nan, p28_nan, p27_nan, p26_nan, p25_nan, p24_nan, p23_nan, p22_nan, p21_nan, p20_nan, p19_nan, p18_nan, p17_nan, p16_nan, p15_nan, p14_nan, p13_nan, p12_nan, p11_nan, p10_nan, p9_nan, p8_nan, p7_nan, p6_nan, p5_nan, p4_nan, p3_nan, p2_nan, p1_nan, p0_nan };
  assign n_184 = n_179 & n_180;
  assign o_nan = n_183 | n_184;
  assign search_ones4 = { n_26, n_25, n_24, n_23, n_22, n_21, n_20, n_19, n_18, n_17, n_16, n_15, n_14, n_13, n_12, n_11, n_10, n_9, n_8, n_7, n_6, n_5, n_4, n_32, n_31, n_30, n_29, n_28, n_27, n_3, n_2, n } & { p31_exponent[4], p30_exponent[4], p29_exponent[4], p28_exponent[4], p27_exponent[4], p26_exponent[4], p25_exponent[4], p24_exponent[4], p23_exponent[4], p22_exponent[4], p21_exponent[4], p20_exponent[4], p19_exponent[4], p18_exponent[4], p17_exponent[4], p16_exponent[4], p15_exponent[4], p14_exponent[4], p13_exponent[4], p12_exponent[4], p11_exponent[4], p10_exponent[4], p9_exponent[4], p8_exponent[4], p7_exponent[4], p6_exponent[4], p5_exponent[4], p4_exponent[4], p3_exponent[4], p2_exponent[4], p1_exponent[4], p0_exponent[4] };
  assign search_bit4 = | search_ones4;
  assign search_left4 = search_bit4 ? search_ones4 : { n_26, n_25, n_24, n_23, n_22, n_21, n_20, n_19, n_18, n_17, n_16, n_15, n_14, n_13, n_12, n_11, n_10, n_9, n_8, n_7, n_6, n_5, n_4, n_32, n_31, n_30, n_29, n_28, n_27, n_3, n_2, n };
  assign search_ones3 = search_left4 & { p31_exponent[3], p30_exponent[3], p29_exponent[3], p28_exponent[3], p27_exponent[3], p26_exponent[3], p25_exponent[3], p24_exponent[3], p23_exponent[3], p22_exponent[3], p21_exponent[3], p20_exponent[3], p19_exponent[3], p18_exponent[3], p17_exponent[3], p16_exponent[3], p15_exponent[3], p14_exponent[3], p13_exponent[3], p12_exponent[3], p11_exponent[3], p10_exponent[3], p9_exponent[3], p8_exponent[3], p7_exponent[3], p6_exponent[3], p5_exponent[3], p4_exponent[3], p3_exponent[3], p2_exponent[3], p1_exponent[3], p0_exponent[3] };
  assign search_bit3 = | search_ones3;
  assign search_left3 = search_bit3 ? search_ones3 : search_left4;
  assign search_ones2 = search_left3 & { p31_exponent[2], p30_exponent[2], p29_exponent[2], p28_exponent[2], p27_exponent[2], p26_exponent[2], p25_exponent[2], p24_exponent[2], p23_exponent[2], p22_exponent[2], p21_exponent[2], p20_exponent[2], p19_exponent[2], p18_exponent[2], p17_exponent[2], p16_exponent[2], p15_exponent[2], p14_exponent[2], p13_exponent[2], p12_exponent[2], p11_exponent[2], p10_exponent[2], p9_exponent[2], p8_exponent[2], p7_exponent[2], p6_exponent[2], p5_exponent[2], p4_exponent[2], p3_exponent[2], p2_exponent[2], p1_exponent[2], p0_exponent[2] };
  assign search_bit2 = | search_ones2;
  assign search_left2 = search_bit2 ? search_ones2 : search_left3;
  assign search_ones1 = search_left2 & { p31_exponent[1], p30_exponent[1], p29_exponent[1], p28_exponent[1], p27_exponent[1], p26_exponent[1], p25_exponent[1], p24_exponent[1], p23_exponent[1], p22_exponent[1], p21_exponent[1], p20_exponent[1], p19_exponent[1], p18_exponent[1], p17_exponent[1], p16_exponent[1], p15_exponent[1], p14_exponent[1], p13_exponent[1], p12_exponent[1], p11_exponent[1], p10_exponent[1], p9_exponent[1], p8_exponent[1], p7_exponent[1], p6_exponent[1], p5_exponent[1], p4_exponent[1], p3_exponent[1], p2_exponent[1], p1_exponent[1], p0_exponent[1] };
  assign search_bit1 = | search_ones1;
  assign search_left1 = search_bit1 ? search_ones1 : search_left2;
  assign search_ones0 = search_left1 & { p31_exponent[0], p30_exponent[0], p29_exponent[0], p28_exponent[0], p27_exponent[0], p26_exponent[0], p25_exponent[0], p24_exponent[0], p23_exponent[0], p22_exponent[0], p21_exponent[0], p20_exponent[0], p19_exponent[0], p18_exponent[0], p17_exponent[0], p16_exponent[0], p15_exponent[0], p14_exponent[0], p13_exponent[0], p12_exponent[0], p11_exponent[0], p10_exponent[0], p9_exponent[0], p8_exponent[0], p7_exponent[0], p6_exponent[0], p5_exponent[0], p4_exponent[0], p3_exponent[0], p2_exponent[0], p1_exponent[0], p0_exponent[0] };
  assign search_bit0 = | search_ones0;
  assign addend = { 2'h0, c_exponent } + 10'h38f;
  assign n = ~ p0_zero;
  assign n_2 = ~ p1_zero;
  assign n_3 = ~ p2_zero;
  assign n_27 = ~ p3_zero;
  assign n_28 = ~ p4_zero;
  assign n_29 = ~ p5_zero;
  assign n_30 = ~ p6_zero;
  assign n_31 = ~ p7_zero;
  assign n_32 = ~ p8_zero;
  assign n_4 = ~ p9_zero;
  assign n_5 = ~ p10_zero;
  assign n_6 = ~ p11_zero;
  assign n_7 = ~ p12_zero;
  assign n_8 = ~ p13_zero;
  assign n_9 = ~ p14_zero;
  assign n_10 = ~ p15_zero;
  assign n_11 = ~ p16_zero;
  assign n_12 = ~ p17_zero;
  assign n_13 = ~ p18_zero;
  assign n_14 = ~ p19_zero;
  assign n_15 = ~ p20_zero;
  assign n_16 = ~ p21_zero;
  assign n_17 = ~ p22_zero;
  assign n_18 = ~ p23_zero;
  assign n_19 = ~ p24_zero;
  assign n_20 = ~ p25_zero;
  assign n_21 = ~ p26_zero;
  assign n_22 = ~ p27_zero;
  assign n_23 = ~ p28_zero;
  assign n_24 = ~ p29_zero;
  assign n_25 = ~ p30_zero;
  assign n_26 = ~ p31_zero;
  assign n_33 = | { n_26, n_25, n_24, n_23, n_22, n_21, n_20, n_19, n_18, n_17, n_16, n_15, n_14, n_13, n_12, n_11, n_10, n_9, n_8, n_7, n_6, n_5, n_4, n_32, n_31, n_30, n_29, n_28, n_27, n_3, n_2, n };
  assign n_34 = ~ n_33;
  assign n_35 = $signed(addend) > $signed({ 5'h00, search_bit4, search_bit3, search_bit2, search_bit1, search_bit0 });
  assign addend_wins = n_34 | n_35;
  assign n_36 = $signed(addend) > $signed(10'h02d);
  assign n_37 = n_36 ? 17'h0002d : { {7{addend[9]}}, addend };
  assign n_38 = addend_wins ? n_37 : { 12'h000, search_bit4, search_bit3, search_bit2, search_bit1, search_bit0 };
  assign n_39 = { 13'h0000, search_bit4, search_bit3, search_bit2, search_bit1, search_bit0 } - { {8{addend[9]}}, addend };
  assign n_40 = addend_wins ? 18'h00000 : n_39;
  assign n_41 = { 1'h0, n_38[5:0] } - { 2'h0, p0_exponent };
  assign n_42 = | n_41[5:4];
  assign lane0_within = n_42 ? 15'h0000 : { p0_significand, 7'h00 };
  assign lane0_row0 = n_41[0] ? { 1'h0, lane0_within[14:1] } : lane0_within;
  assign lane0_row1 = n_41[1] ? { 2'h0, lane0_row0[14:2] } : lane0_row0;
  assign lane0_row2 = n_41[2] ? { 4'h0, lane0_row1[14:4] } : lane0_row1;
  assign lane0_row3 = n_41[3] ? { 8'h00, lane0_row2[14:8] } : lane0_row2;
  assign n_43 = { 1'h0, n_38[5:0] } - { 2'h0, p1_exponent };
  assign n_44 = | n_43[5:4];
  assign lane1_within = n_44 ? 15'h0000 : { p1_significand, 7'h00 };
  assign lane1_row0 = n_43[0] ? { 1'h0, lane1_within[14:1] } : lane1_within;
  assign lane1_row1 = n_43[1] ? { 2'h0, lane1_row0[14:2] } : lane1_row0;
  assign lane1_row2 = n_43[2] ? { 4'h0, lane1_row1[14:4] } : lane1_row1;
  assign lane1_row3 = n_43[3] ? { 8'h00, lane1_row2[14:8] } : lane1_row2;
  assign n_45 = { 1'h0, n_38[5:0] } - { 2'h0, p2_exponent };
  assign n_46 = | n_45[5:4];
  assign lane2_within = n_46 ? 15'h0000 : { p2_significand, 7'h00 };
  assign lane2_row0 = n_45[0] ? { 1'h0, lane2_within[14:1] } : lane2_within;
  assign lane2_row1 = n_45[1] ? { 2'h0, lane2_row0[14:2] } : lane2_row0;
  assign lane2_row2 = n_45[2] ? { 4'h0, lane2_row1[14:4] } : lane2_row1;
  assign lane2_row3 = n_45[3] ? { 8'h00, lane2_row2[14:8] } : lane2_row2;
  assign n_47 = { 1'h0, n_38[5:0] } - { 2'h0, p3_exponent };
  assign n_48 = | n_47[5:4];
  assign lane3_within = n_48 ? 15'h0000 : { p3_significand, 7'h00 };
  assign lane3_row0 = n_47[0] ? { 1'h0, lane3_within[14:1] } : lane3_within;
  assign lane3_row1 = n_47[1] ? { 2'h0, lane3_row0[14:2] } : lane3_row0;
  assign lane3_row2 = n_47[2] ? { 4'h0, lane3_row1[14:4] } : lane3_row1;
  assign lane3_row3 = n_47[3] ? { 8'h00, lane3_row2[14:8] } : lane3_row2;
  assign n_49 = { 1'h0, n_38[5:0] } - { 2'h0, p4_exponent };
  assign n_50 = | n_49[5:4];
  assign lane4_within = n_50 ? 15'h0000 : { p4_significand, 7'h00 };
  assign lane4_row0 = n_49[0] ? { 1'h0, lane4_within[14:1] } : lane4_within;
  assign lane4_row1 = n_49[1] ? { 2'h0, lane4_row0[14:2] } : lane4_row0;
  assign lane4_row2 = n_49[2] ? { 4'h0, lane4_row1[14:4] } : lane4_row1;
  assign lane4_row3 = n_49[3] ? { 8'h00, lane4_row2[14:8] } : lane4_row2;
  assign n_51 = { 1'h0, n_38[5:0] } - { 2'h0, p5_exponent };
  assign n_52 = | n_51[5:4];
  assign lane5_within = n_52 ? 15'h0000 : { p5_significand, 7'h00 };
  assign lane5_row0 = n_51[0] ? { 1'h0, lane5_within[14:1] } : lane5_within;
  assign lane5_row1 = n_51[1] ? { 2'h0, lane5_row0[14:2] } : lane5_row0;
  assign lane5_row2 = n_51[2] ? { 4'h0, lane5_row1[14:4] } : lane5_row1;
  assign lane5_row3 = n_51[3] ? { 8'h00, lane5_row2[14:8] } : lane5_row2;
  assign n_53 = { 1'h0, n_38[5:0] } - { 2'h0, p6_exponent };
  assign n_54 = | n_53[5:4];
  assign lane6_within = n_54 ? 15'h0000 : { p6_significand, 7'h00 };
  assign lane6_row0 = n_53[0] ? { 1'h0, lane6_within[14:1] } : lane6_within;
  assign lane6_row1 = n_53[1] ? { 2'h0, lane6_row0[14:2] } : lane6_row0;
  assign lane6_row2 = n_53[2] ? { 4'h0, lane6_row1[14:4] } : lane6_row1;
  assign lane6_row3 = n_53[3] ? { 8'h00, lane6_row2[14:8] } : lane6_row2;
  assign n_55 = { 1'h0, n_38[5:0] } - { 2'h0, p7_exponent };
  assign n_56 = | n_55[5:4];
  assign lane7_within = n_56 ? 15'h0000 : { p7_significand, 7'h00 };
  assign lane7_row0 = n_55[0] ? { 1'h0, lane7_within[14:1] } : lane7_within;
  assign lane7_row1 = n_55[1] ? { 2'h0, lane7_row0[14:2] } : lane7_row0;
  assign lane7_row2 = n_55[2] ? { 4'h0, lane7_row1[14:4] } : lane7_row1;
  assign lane7_row3 = n_55[3] ? { 8'h00, lane7_row2[14:8] } : lane7_row2;
  assign n_57 = { 1'h0, n_38[5:0] } - { 2'h0, p8_exponent };
  assign n_58 = | n_57[5:4];
  assign lane8_within = n_58 ? 15'h0000 : { p8_significand, 7'h00 };
  assign lane8_row0 = n_57[0] ? { 1'h0, lane8_within[14:1] } : lane8_within;
  assign lane8_row1 = n_57[1] ? { 2'h0, lane8_row0[14:2] } : lane8_row0;
  assign lane8_row2 = n_57[2] ? { 4'h0, lane8_row1[14:4] } : lane8_row1;
  assign lane8_row3 = n_57[3] ? { 8'h00, lane8_row2[14:8] } : lane8_row2;
  assign n_59 = { 1'h0, n_38[5:0] } - { 2'h0, p9_exponent };
  assign n_60 = | n_59[5:4];
  assign lane9_within = n_60 ? 15'h0000 : { p9_significand, 7'h00 };
  assign lane9_row0 = n_59[0] ? { 1'h0, lane9_within[14:1] } : lane9_within;
  assign lane9_row1 = n_59[1] ? { 2'h0, lane9_row0[14:2] } : lane9_row0;
  assign lane9_row2 = n_59[2] ? { 4'h0, lane9_row1[14:4] } : lane9_row1;
  assign lane9_row3 = n_59[3] ? { 8'h00, lane9_row2[14:8] } : lane9_row2;
  assign n_61 = { 1'h0, n_38[5:0] } - { 2'h0, p10_exponent };
  assign n_62 = | n_61[5:4];
  assign lane10_within = n_62 ? 15'h0000 : { p10_significand, 7'h00 };
  assign lane10_row0 = n_61[0] ? { 1'h0, lane10_within[14:1] } : lane10_within;
  assign lane10_row1 = n_61[1] ? { 2'h0, lane10_row0[14:2] } : lane10_row0;
  assign lane10_row2 = n_61[2] ? { 4'h0, lane10_row1[14:4] } : lane10_row1;
  assign lane10_row3 = n_61[3] ? { 8'h00, lane10_row2[14:8] } : lane10_row2;
  assign n_63 = { 1'h0, n_38[5:0] } - { 2'h0, p11_exponent };
  assign n_64 = | n_63[5:4];
  assign lane11_within = n_64 ? 15'h0000 : { p11_significand, 7'h00 };
  assign lane11_row0 = n_63[0] ? { 1'h0, lane11_within[14:1] } : lane11_within;
  assign lane11_row1 = n_63[1] ? { 2'h0, lane11_row0[14:2] } : lane11_row0;
  assign lane11_row2 = n_63[2] ? { 4'h0, lane11_row1[14:4] } : lane11_row1;
  assign lane11_row3 = n_63[3] ? { 8'h00, lane11_row2[14:8] } : lane11_row2;
  assign n_65 = { 1'h0, n_38[5:0] } - { 2'h0, p12_exponent };
  assign n_66 = | n_65[5:4];
  assign lane12_within = n_66 ? 15'h0000 : { p12_significand, 7'h00 };
  assign lane12_row0 = n_65[0] ? { 1'h0, lane12_within[14:1] } : lane12_within;
  assign lane12_row1 = n_65[1] ? { 2'h0, lane12_row0[14:2] } : lane12_row0;
  assign lane12_row2 = n_65[2] ? { 4'h0, lane12_row1[14:4] } : lane12_row1;
  assign lane12_row3 = n_65[3] ? { 8'h00, lane12_row2[14:8] } : lane12_row2;
  assign n_67 = { 1'h0, n_38[5:0] } - { 2'h0, p13_exponent };
  assign n_68 = | n_67[5:4];
  assign lane13_within = n_68 ? 15'h0000 : { p13_significand, 7'h00 };
  assign lane13_row0 = n_67[0] ? { 1'h0, lane13_within[14:1] } : lane13_within;
  assign lane13_row1 = n_67[1] ? { 2'h0, lane13_row0[14:2] } : lane13_row0;
  assign lane13_row2 = n_67[2] ? { 4'h0, lane13_row1[14:4] } : lane13_row1;
  assign lane13_row3 = n_67[3] ? { 8'h00, lane13_row2[14:8] } : lane13_row2;
  assign n_69 = { 1'h0, n_38[5:0] } - { 2'h0, p14_exponent };
  assign n_70 = | n_69[5:4];
  assign lane14_within = n_70 ? 15'h0000 : { p14_significand, 7'h00 };
  assign lane14_row0 = n_69[0] ? { 1'h0, lane14_within[14:1] } : lane14_within;
  assign lane14_row1 = n_69[1] ? { 2'h0, lane14_row0[14:2] } : lane14_row0;
  assign lane14_row2 = n_69[2] ? { 4'h0, lane14_row1[14:4] } : lane14_row1;
  assign lane14_row3 = n_69[3] ? { 8'h00, lane14_row2[14:8] } : lane14_row2;
  assign n_71 = { 1'h0, n_38[5:0] } - { 2'h0, p15_exponent };
  assign n_72 = | n_71[5:4];
  assign lane15_within = n_72 ? 15'h0000 : { p15_significand, 7'h00 };
  assign lane15_row0 = n_71[0] ? { 1'h0, lane15_within[14:1] } : lane15_within;
  assign lane15_row1 = n_71[1] ? { 2'h0, lane15_row0[14:2] } : lane15_row0;
  assign lane15_row2 = n_71[2] ? { 4'h0, lane15_row1[14:4] } : lane15_row1;
  assign lane15_row3 = n_71[3] ? { 8'h00, lane15_row2[14:8] } : lane15_row2;
  assign n_73 = { 1'h0, n_38[5:0] } - { 2'h0, p16_exponent };
  assign n_74 = | n_73[5:4];
  assign lane16_within = n_74 ? 15'h0000 : { p16_significand, 7'h00 };
  assign lane16_row0 = n_73[0] ? { 1'h0, lane16_within[14:1] } : lane16_within;
  assign lane16_row1 = n_73[1] ? { 2'h0, lane16_row0[14:2] } : lane16_row0;
  assign lane16_row2 = n_73[2] ? { 4'h0, lane16_row1[14:4] } : lane16_row1;
  assign lane16_row3 = n_73[3] ? { 8'h00, lane16_row2[14:8] } : lane16_row2;
  assign n_75 = { 1'h0, n_38[5:0] } - { 2'h0, p17_exponent };
  assign n_76 = | n_75[5:4];
  assign lane17_within = n_76 ? 15'h0000 : { p17_significand, 7'h00 };
  assign lane17_row0 = n_75[0] ? { 1'h0, lane17_within[14:1] } : lane17_within;
  assign lane17_row1 = n_75[1] ? { 2'h0, lane17_row0[14:2] } : lane17_row0;
  assign lane17_row2 = n_75[2] ? { 4'h0, lane17_row1[14:4] } : lane17_row1;
  assign lane17_row3 = n_75[3] ? { 8'h00, lane17_row2[14:8] } : lane17_row2;
  assign n_77 = { 1'h0, n_38[5:0] } - { 2'h0, p18_exponent };
  assign n_78 = | n_77[5:4];
  assign lane18_within = n_78 ? 15'h0000 : { p18_significand, 7'h00 };
  assign lane18_row0 = n_77[0] ? { 1'h0, lane18_within[14:1] } : lane18_within;
  assign lane18_row1 = n_77[1] ? { 2'h0, lane18_row0[14:2] } : lane18_row0;
  assign lane18_row2 = n_77[2] ? { 4'h0, lane18_row1[14:4] } : lane18_row1;
  assign lane18_row3 = n_77[3] ? { 8'h00, lane18_row2[14:8] } : lane18_row2;
  assign n_79 = { 1'h0, n_38[5:0] } - { 2'h0, p19_exponent };
  assign n_80 = | n_79[5:4];
  assign lane19_within = n_80 ? 15'h0000 : { p19_significand, 7'h00 };
  assign lane19_row0 = n_79[0] ? { 1'h0, lane19_within[14:1] } : lane19_within;
  assign lane19_row1 = n_79[1] ? { 2'h0, lane19_row0[14:2] } : lane19_row0;
  assign lane19_row2 = n_79[2] ? { 4'h0, lane19_row1[14:4] } : lane19_row1;
  assign lane19_row3 = n_79[3] ? { 8'h00, lane19_row2[14:8] } : lane19_row2;
  assign n_81 = { 1'h0, n_38[5:0] } - { 2'h0, p20_exponent };
  assign n_82 = | n_81[5:4];
  assign lane20_within = n_82 ? 15'h0000 : { p20_significand, 7'h00 };
  assign lane20_row0 = n_81[0] ? { 1'h0, lane20_within[14:1] } : lane20_within;
  assign lane20_row1 = n_81[1] ? { 2'h0, lane20_row0[14:2] } : lane20_row0;
  assign lane20_row2 = n_81[2] ? { 4'h0, lane20_row1[14:4] } : lane20_row1;
  assign lane20_row3 = n_81[3] ? { 8'h00, lane20_row2[14:8] } : lane20_row2;
  assign n_83 = { 1'h0, n_38[5:0] } - { 2'h0, p21_exponent };
  assign n_84 = | n_83[5:4];
  assign lane21_within = n_84 ? 15'h0000 : { p21_significand, 7'h00 };
  assign lane21_row0 = n_83[0] ? { 1'h0, lane21_within[14:1] } : lane21_within;
  assign lane21_row1 = n_83[1] ? { 2'h0, lane21_row0[14:2] } : lane21_row0;
  assign lane21_row2 = n_83[2] ? { 4'h0, lane21_row1[14:4] } : lane21_row1;
  assign lane21_row3 = n_83[3] ? { 8'h00, lane21_row2[14:8] } : lane21_row2;
  assign n_85 = { 1'h0, n_38[5:0] } - { 2'h0, p22_exponent };
  assign n_86 = | n_85[5:4];
  assign lane22_within = n_86 ? 15'h0000 : { p22_significand, 7'h00 };
  assign lane22_row0 = n_85[0] ? { 1'h0, lane22_within[14:1] } : lane22_within;
  assign lane22_row1 = n_85[1] ? { 2'h0, lane22_row0[14:2] } : lane22_row0;
  assign lane22_row2 = n_85[2] ? { 4'h0, lane22_row1[14:4] } : lane22_row1;
  assign lane22_row3 = n_85[3] ? { 8'h00, lane22_row2[14:8] } : lane22_row2;
  assign n_87 = { 1'h0, n_38[5:0] } - { 2'h0, p23_exponent };
  assign n_88 = | n_87[5:4];
  assign lane23_within = n_88 ? 15'h0000 : { p23_significand, 7'h00 };
  assign lane23_row0 = n_87[0] ? { 1'h0, lane23_within[14:1] } : lane23_within;
  assign lane23_row1 = n_87[1] ? { 2'h0, lane23_row0[14:2] } : lane23_row0;
  assign lane23_row2 = n_87[2] ? { 4'h0, lane23_row1[14:4] } : lane23_row1;
  assign lane23_row3 = n_87[3] ? { 8'h00, lane23_row2[14:8] } : lane23_row2;
  assign n_89 = { 1'h0, n_38[5:0] } - { 2'h0, p24_exponent };
  assign n_90 = | n_89[5:4];
  assign lane24_within = n_90 ? 15'h0000 : { p24_significand, 7'h00 };
  assign lane24_row0 = n_89[0] ? { 1'h0, lane24_within[14:1] } : lane24_within;
  assign lane24_row1 = n_89[1] ? { 2'h0, lane24_row0[14:2] } : lane24_row0;
  assign lane24_row2 = n_89[2] ? { 4'h0, lane24_row1[14:4] } : lane24_row1;
  assign lane24_row3 = n_89[3] ? { 8'h00, lane24_row2[14:8] } : lane24_row2;
  assign n_91 = { 1'h0, n_38[5:0] } - { 2'h0, p25_exponent };
  assign n_92 = | n_91[5:4];
  assign lane25_within = n_92 ? 15'h0000 : { p25_significand, 7'h00 };
  assign lane25_row0 = n_91[0] ? { 1'h0, lane25_within[14:1] } : lane25_within;
  assign lane25_row1 = n_91[1] ? { 2'h0, lane25_row0[14:2] } : lane25_row0;
  assign lane25_row2 = n_91[2] ? { 4'h0, lane25_row1[14:4] } : lane25_row1;
  assign lane25_row3 = n_91[3] ? { 8'h00, lane25_row2[14:8] } : lane25_row2;
  assign n_93 = { 1'h0, n_38[5:0] } - { 2'h0, p26_exponent };
  assign n_94 = | n_93[5:4];
  assign lane26_within = n_94 ? 15'h0000 : { p26_significand, 7'h00 };
  assign lane26_row0 = n_93[0] ? { 1'h0, lane26_within[14:1] } : lane26_within;
  assign lane26_row1 = n_93[1] ? { 2'h0, lane26_row0[14:2] } : lane26_row0;
  assign lane26_row2 = n_93[2] ? { 4'h0, lane26_row1[14:4] } : lane26_row1;
  assign lane26_row3 = n_93[3] ? { 8'h00, lane26_row2[14:8] } : lane26_row2;
  // What no part of this module needs.
  (* unused *) wire unused;
  assign unused = &{1'b0,
    n_38[16:6], n_40[17:8], n_41[6], n_43[6], n_45[6], n_47[6], n_49[6], n_51[6], n_53[6],
    n_55[6], n_57[6], n_59[6], n_61[6], n_63[6], n_65[6], n_67[6], n_69[6], n_71[6], n_73[6],
    n_75[6], n_77[6], n_79[6], n_81[6], n_83[6], n_85[6], n_87[6], n_89[6], n_91[6], n_93[6],
    n_95[6], n_97[6], n_99[6], n_101[6], n_103[6], n_108[0], n_111[0], n_112[0], n_115[0],
    n_118[0], n_119[0], n_120[0], n_123[0], n_126[0], n_127[0], n_130[0], n_133[0], n_134[0],
    n_135[0], n_136[0], n_139[0], n_142[0], n_143[0], n_146[0], n_149[0], n_150[0], n_151[0],
    n_154[0], n_157[0], n_158[0], n_161[0], n_164[0], n_165[0], n_166[0], n_167[0], n_168[0],
    n_170[0], n_171[21], n_173, n_175, c_zero};
endmodule
