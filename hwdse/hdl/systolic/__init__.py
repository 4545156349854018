"""Parts of the systolic array: processing elements, skew, kept sums, ends of columns."""
