import type { PassRequest } from '../contracts/passes.js';
import { branchGroups } from './branches.js';
import type { IdleWatch } from './idle-watch.js';
import { mayBeKept } from './kept-passes.js';
import type { MicroBatch } from './loss.js';
import type { NamedRegularizer, Participants } from './participants.js';
import { sharePasses } from './passes.js';
import { needsGradient, type PassGroup } from './run-passes.js';

/** A regularizer that acts in a micro-batch, and the passes that it asks for. */
export interface AskedRegularizer extends NamedRegularizer {
  readonly passes: Readonly<Record<string, PassRequest>>;
}

/** What is run in a micro-batch, and for whom. */
export interface StepPlan {
  /** The task's own pass, which the cross-entropy reads. */
  readonly main: PassRequest;
  readonly asked: readonly AskedRegularizer[];
  /** Requests whose outcome may be there from an earlier epoch. */
  readonly kept: readonly PassRequest[];
  /** What else runs: off the tape, and on it. */
  readonly fixed: readonly PassGroup[];
  readonly flowing: readonly PassGroup[];
  /** How requests that name their rows are run. */
  groupsOf(requests: readonly PassRequest[]): readonly PassGroup[];
}

/**
 * Asks interventions for their edits and regularizers for their passes, and makes of them the fewest runs.
 * @param withMain whether the task's own pass is run, true by default
 */
export function planStep(
  run: Participants,
  { batch, step }: Pick<MicroBatch, 'batch' | 'step'>,
  watch: IdleWatch,
  { withMain = true } = {},
): StepPlan {
  const stepEdits = run.interventions
    .filter(({ intervention }) => step.taskIndex >= intervention.startsAt)
    .flatMap((named) => watch.watched(named, step, named.intervention.edits(step, batch)));
  const asked = run.regularizers
    .filter(({ regularizer }) => step.taskIndex >= regularizer.startsAt)
    .filter(({ regularizer }) => regularizer.over !== 'weights' || step.micro === 0)
    .map((named) => ({ ...named, passes: named.regularizer.passes?.(step, batch) ?? {} }));
  const groupsOf = (requests: readonly PassRequest[]) =>
    branchGroups(sharePasses(requests, { rows: batch, stepEdits }), run.adapter);
  const main: PassRequest = { edits: 'step', logits: 'answers' };
  const requests = [...(withMain ? [main] : []), ...asked.flatMap(({ passes }) => Object.values(passes))];
  const lasts = (request: PassRequest) => step.epochs > 1 && mayBeKept(request);
  const groups = groupsOf(requests.filter((request) => !lasts(request)));
  return {
    main,
    asked,
    kept: requests.filter(lasts),
    fixed: groups.filter((group) => !needsGradient(group)),
    flowing: groups.filter(needsGradient),
    groupsOf,
  };
}
