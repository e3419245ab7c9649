import type { BlockFormat } from './format.js';
import { halfTable } from './half.js';

/**
 * ggml's block_q5_0: scale d (binary16), 32 fifth bits (bit i belongs to value i), 16 bytes of two 4-bit parts: low
 * nibbles first; value = d (q - 16).
 */
export const Q5_0: BlockFormat = {
  name: 'Q5_0',
  values: 32,
  bytes: 22,
  decode(bytes, out) {
    const half = halfTable();
    for (let at = 0, base = 0; base < out.length; base += 32, at += 22) {
      const d = half[bytes[at] | (bytes[at + 1] << 8)];
      const fifth = bytes[at + 2] | (bytes[at + 3] << 8) | (bytes[at + 4] << 16) | (bytes[at + 5] << 24);
      for (let i = 0; i < 16; i++) {
        const q = bytes[at + 6 + i];
        out[base + i] = d * (((q & 15) | (((fifth >>> i) & 1) << 4)) - 16);
        out[base + 16 + i] = d * (((q >> 4) | (((fifth >>> (i + 16)) & 1) << 4)) - 16);
      }
    }
  },
};
