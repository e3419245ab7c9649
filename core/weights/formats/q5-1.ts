import type { BlockFormat } from './format.js';
import { halfTable } from './half.js';

/**
 * ggml's block_q5_1: scale d and minimum m (binary16), 32 fifth bits (bit i belongs to value i), 16 bytes of two 4-bit
 * parts: low nibbles first; value = d q + m.
 */
export const Q5_1: BlockFormat = {
  name: 'Q5_1',
  values: 32,
  bytes: 24,
  decode(bytes, out) {
    const half = halfTable();
    for (let at = 0, base = 0; base < out.length; base += 32, at += 24) {
      const d = half[bytes[at] | (bytes[at + 1] << 8)];
      const m = half[bytes[at + 2] | (bytes[at + 3] << 8)];
      const fifth = bytes[at + 4] | (bytes[at + 5] << 8) | (bytes[at + 6] << 16) | (bytes[at + 7] << 24);
      for (let i = 0; i < 16; i++) {
        const q = bytes[at + 8 + i];
        out[base + i] = d * ((q & 15) | (((fifth >>> i) & 1) << 4)) + m;
        out[base + 16 + i] = d * ((q >> 4) | (((fifth >>> (i + 16)) & 1) << 4)) + m;
      }
    }
  },
};
