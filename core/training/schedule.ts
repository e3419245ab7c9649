import type { ScheduleSettings } from '../config/schema.js';

/**
 * Learning-rate factor, 0-1, at optimizer step k (from 0) of a task's T steps: k / w below w warm-up steps, then 1
 * (constant), (T - k) / (T - w) (linear) or (1 + cos pi (k - w) / (T - w)) / 2 (cosine).
 */
export function learningRateFactor({ kind, warmup }: ScheduleSettings, step: number, steps: number): number {
  if (step < warmup) return step / warmup;
  if (kind === 'constant') return 1;
  const done = (step - warmup) / (steps - warmup);
  return kind === 'linear' ? 1 - done : (1 + Math.cos(Math.PI * done)) / 2;
}
