import type { BlockFormat } from './format.js';
import { halfTable } from './half.js';

/** ggml's block_q4_1: scale d and minimum m (binary16), 16 bytes of two 4-bit q: low nibbles first; value = d q + m. */
export const Q4_1: BlockFormat = {
  name: 'Q4_1',
  values: 32,
  bytes: 20,
  decode(bytes, out) {
    const half = halfTable();
    for (let at = 0, base = 0; base < out.length; base += 32, at += 20) {
      const d = half[bytes[at] | (bytes[at + 1] << 8)];
      const m = half[bytes[at + 2] | (bytes[at + 3] << 8)];
      for (let i = 0; i < 16; i++) {
        const q = bytes[at + 4 + i];
        out[base + i] = d * (q & 15) + m;
        out[base + 16 + i] = d * (q >> 4) + m;
      }
    }
  },
};
