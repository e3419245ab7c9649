import type { BlockFormat } from './format.js';
import { halfTable } from './half.js';

/** ggml's block_q8_0: scale d (binary16), 32 signed bytes q; value = d q. */
export const Q8_0: BlockFormat = {
  name: 'Q8_0',
  values: 32,
  bytes: 34,
  decode(bytes, out) {
    const half = halfTable();
    for (let at = 0, base = 0; base < out.length; base += 32, at += 34) {
      const d = half[bytes[at] | (bytes[at + 1] << 8)];
      for (let i = 0; i < 32; i++) out[base + i] = d * ((bytes[at + 2 + i] << 24) >> 24);
    }
  },
};
