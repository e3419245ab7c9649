import type { BlockFormat } from './format.js';
import { BF16, F16, F32 } from './half.js';
import { Q4_0 } from './q4-0.js';
import { Q4_1 } from './q4-1.js';
import { Q4_K } from './q4-k.js';
import { Q5_0 } from './q5-0.js';
import { Q5_1 } from './q5-1.js';
import { Q5_K } from './q5-k.js';
import { Q6_K } from './q6-k.js';
import { Q8_0 } from './q8-0.js';

/** Stored types that can be read, by name. */
export const formats: ReadonlyMap<string, BlockFormat> = new Map(
  [F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K].map((format) => [format.name, format]),
);
