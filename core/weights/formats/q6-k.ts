import type { BlockFormat } from './format.js';
import { halfTable } from './half.js';

/**
 * ggml's block_q6_K: 128 bytes of low nibbles, 64 of upper two bits, 16 signed scales s of 16 values each, d (binary16);
 * value = d s (q - 32). Each half of 128 values has four runs of 32: run r takes its nibbles from bytes 32 (r mod 2) + i
 * of its 64 (low for r < 2, high else) and bits 2r, 2r + 1 of byte i of its 32.
 */
export const Q6_K: BlockFormat = {
  name: 'Q6_K',
  values: 256,
  bytes: 210,
  decode(bytes, out) {
    const half = halfTable();
    for (let at = 0, base = 0; base < out.length; base += 256, at += 210) {
      const d = half[bytes[at + 208] | (bytes[at + 209] << 8)];
      for (let run = 0; run < 8; run++) {
        const side = run >> 2;
        const nibbles = at + 64 * side + 32 * (run & 1);
        const uppers = at + 128 + 32 * side;
        const nibbleShift = run & 2 ? 4 : 0;
        const upperShift = 2 * (run & 3);
        const scales = at + 192 + 2 * run;
        const target = base + 32 * run;
        for (let i = 0; i < 32; i++) {
          const q = ((bytes[nibbles + i] >> nibbleShift) & 15) | (((bytes[uppers + i] >> upperShift) & 3) << 4);
          const scale = d * ((bytes[scales + (i >> 4)] << 24) >> 24);
          out[target + i] = scale * (q - 32);
        }
      }
    }
  },
};
