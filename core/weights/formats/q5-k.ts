import type { BlockFormat } from './format.js';
import { halfTable } from './half.js';
import { subMinimum, subScale } from './k-scales.js';

/**
 * ggml's block_q5_K: as Q4_K with 32 bytes of fifth bits before the nibbles: bit j of byte i belongs to value i of
 * sub-block j; value = d s q - dmin m.
 */
export const Q5_K: BlockFormat = {
  name: 'Q5_K',
  values: 256,
  bytes: 176,
  decode(bytes, out) {
    const half = halfTable();
    for (let at = 0, base = 0; base < out.length; base += 256, at += 176) {
      const d = half[bytes[at] | (bytes[at + 1] << 8)];
      const dmin = half[bytes[at + 2] | (bytes[at + 3] << 8)];
      for (let j = 0; j < 8; j++) {
        const scale = d * subScale(bytes, at + 4, j);
        const minimum = dmin * subMinimum(bytes, at + 4, j);
        const packed = at + 48 + 32 * (j >> 1);
        const shift = 4 * (j & 1);
        const target = base + 32 * j;
        for (let i = 0; i < 32; i++) {
          const q = ((bytes[packed + i] >> shift) & 15) | (((bytes[at + 16 + i] >> j) & 1) << 4);
          out[target + i] = scale * q - minimum;
        }
      }
    }
  },
};
