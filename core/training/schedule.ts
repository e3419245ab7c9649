import type { ScheduleSettings } from '../config/schema.js';

/**
 * Learning-rate factor, 0-1, at optimizer step k (from 0) of a task's T steps: (k + 1) / w below w warm-up steps, then 1
 * (constant), (T - k) / (T - w) (linear) or (1 + cos pi (k - w) / (T - w)) / 2 (cosine).
 */
export function learningRateFactor({ kind, warmup }: ScheduleSettings, step: number, steps: number): number {
  if (step < warmup) return (step + 1) / warmup;
  if (kind === 'constant') return 1;
  const done = (step - warmup) / (steps - warmup);
  return kind === 'linear' ? 1 - done : (1 + Math.cos(Math.PI * done)) / 2;
}

/** What to warn of where tasks end within their warm-up; undefined where none does. @param tasks with their optimizer steps */
export function endlessWarmUp(
  { warmup }: ScheduleSettings,
  tasks: readonly { readonly name: string; readonly steps: number }[],
): string | undefined {
  const within = tasks.filter(({ steps }) => warmup > 0 && warmup >= steps);
  if (within.length === 0) return undefined;
  const named = within.map(({ name, steps }) => `"${name}" (${steps})`).join(', ');
  return `the warm-up of ${warmup} optimizer steps (training.schedule.warmup) takes all of these tasks: ${named}`;
}
