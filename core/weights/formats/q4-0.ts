import type { BlockFormat } from './format.js';
import { halfTable } from './half.js';

/** ggml's block_q4_0: scale d (binary16), 16 bytes of two 4-bit q: low nibbles first; value = d (q - 8). */
export const Q4_0: BlockFormat = {
  name: 'Q4_0',
  values: 32,
  bytes: 18,
  decode(bytes, out) {
    const half = halfTable();
    for (let at = 0, base = 0; base < out.length; base += 32, at += 18) {
      const d = half[bytes[at] | (bytes[at + 1] << 8)];
      for (let i = 0; i < 16; i++) {
        const q = bytes[at + 2 + i];
        out[base + i] = d * ((q & 15) - 8);
        out[base + 16 + i] = d * ((q >> 4) - 8);
      }
    }
  },
};
