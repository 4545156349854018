"""FPGA costs: mapped, placed and routed with open tools, or estimated from a fabric table."""
