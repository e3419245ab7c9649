import type { ActivationEdit } from '../contracts/backbone.js';
import type { TokenBatch, TrainingBatch } from '../contracts/batch.js';
import type { AdapterView, PassRequest } from '../contracts/passes.js';
import { problem } from '../errors.js';

/** One run of the model and the requests that it serves. */
export interface SharedPass {
  readonly rows: TokenBatch | TrainingBatch;
  readonly view: AdapterView;
  readonly edits: readonly ActivationEdit[];
  readonly gradient: boolean;
  readonly requests: PassRequest[];
}

/** What requests leave open. */
export interface PassDefaults {
  readonly rows: TokenBatch | TrainingBatch;
  /** What `edits: 'step'` stands for; nothing outside a step. */
  readonly stepEdits?: readonly ActivationEdit[];
}

/**
 * Requests as the fewest runs: those with the same rows, adapters, edits (by key) and gradient are one.
 * @throws PalimpsestError PASS_INVALID
 */
export function sharePasses(requests: readonly PassRequest[], defaults: PassDefaults): SharedPass[] {
  const passes: SharedPass[] = [];
  for (const request of requests) {
    const view = request.adapters ?? 'current';
    const pass: SharedPass = {
      rows: request.rows ?? defaults.rows,
      view,
      edits: (request.edits === 'step' ? defaults.stepEdits : request.edits) ?? [],
      gradient: request.gradient ?? view === 'current',
      requests: [request],
    };
    if (request.top !== undefined && pass.gradient) {
      throw problem('PASS_INVALID', { where: `top: ${request.top.count}`, expected: 'gradient: false', got: 'true' });
    }
    const same = passes.find((other) => isSameRun(other, pass));
    if (same) same.requests.push(request);
    else passes.push(pass);
  }
  return passes;
}

function isSameRun(a: SharedPass, b: SharedPass): boolean {
  return a.rows === b.rows && a.view === b.view && a.gradient === b.gradient && sameEdits(a.edits, b.edits);
}

function sameEdits(a: readonly ActivationEdit[], b: readonly ActivationEdit[]): boolean {
  return a.length === b.length && a.every((edit, i) => edit.site === b[i].site && edit.key === b[i].key);
}
