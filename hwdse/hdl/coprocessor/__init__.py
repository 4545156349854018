"""Parts of the co-processor: registers, DMA, buffers, sequencer and output stage."""
