import type { BlockFormat } from './format.js';
import { halfTable } from './half.js';
import { subMinimum, subScale } from './k-scales.js';

/**
 * ggml's block_q4_K: d and dmin (binary16), 12 bytes of sub-block scales s and minima m, 128 bytes of two 4-bit q: 32
 * bytes hold sub-block 2c in their low and 2c + 1 in their high nibbles; value = d s q - dmin m.
 */
export const Q4_K: BlockFormat = {
  name: 'Q4_K',
  values: 256,
  bytes: 144,
  decode(bytes, out) {
    const half = halfTable();
    for (let at = 0, base = 0; base < out.length; base += 256, at += 144) {
      const d = half[bytes[at] | (bytes[at + 1] << 8)];
      const dmin = half[bytes[at + 2] | (bytes[at + 3] << 8)];
      for (let j = 0; j < 8; j++) {
        const scale = d * subScale(bytes, at + 4, j);
        const minimum = dmin * subMinimum(bytes, at + 4, j);
        const packed = at + 16 + 32 * (j >> 1);
        const shift = 4 * (j & 1);
        const target = base + 32 * j;
        for (let i = 0; i < 32; i++) out[target + i] = scale * ((bytes[packed + i] >> shift) & 15) - minimum;
      }
    }
  },
};
