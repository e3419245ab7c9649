import type { Tensor2D } from '@tensorflow/tfjs-core';
import { fromBfloat16, toBfloat16 } from '../native-operations.js';

/** How frozen weights are held and their products taken: float32, or bfloat16 (native engine only). */
export type Precision = 'f32' | 'bf16';

/** x, float32, as products of the precision take it. */
export function narrowed(x: Tensor2D, precision: Precision): Tensor2D {
  return precision === 'bf16' ? toBfloat16(x) : x;
}

/** What a product of the precision gave, in float32. */
export function widened(x: Tensor2D, precision: Precision): Tensor2D {
  return precision === 'bf16' ? fromBfloat16(x) : x;
}
