import type { DropoutDraw } from '../contracts/backbone.js';
import { runBranches } from './branches.js';
import type { SharedPass } from './passes.js';
import { type PassModel, type PassResults, runPass } from './run-pass.js';

/** Passes that are run together, see `branchGroups`. */
export type PassGroup = readonly SharedPass[];

/** Whether gradients flow back through any pass of the group. */
export function needsGradient(group: PassGroup): boolean {
  return group.some(({ gradient }) => gradient);
}

/** Runs groups of passes and serves every request. Tensors belong to the enclosing tf.tidy. */
export function runGroups(groups: readonly PassGroup[], model: PassModel, dropout?: DropoutDraw): PassResults {
  const results = groups.map((group) =>
    group.length > 1 ? runBranches(group, model, dropout) : runPass(group[0], model, dropout),
  );
  return new Map(results.flatMap((some) => [...some]));
}
