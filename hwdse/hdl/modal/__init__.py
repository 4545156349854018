"""Elements of several block formats in one data path: their common form, decoders and products."""
