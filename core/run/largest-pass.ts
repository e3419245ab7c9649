import type { EncodedExample } from '../text/examples.js';
import { NO_LOSS } from '../text/examples.js';
import type { Participants } from '../training/participants.js';
import type { PreparedTask } from '../training/task-data.js';

/** The largest pass of a training step. */
export interface LargestPass {
  /** B, rows that regularizers bring of their own included. */
  readonly rows: number;
  /** T in tokens, branches included. */
  readonly length: number;
  /** P, positions whose logits are needed. */
  readonly logits: number;
}

/**
 * The largest pass that training may meet: a full batch of the longest rows there are, with a branch for each regularizer that
 * asks for passes over them, and one more where interventions edit the task's own. Passes that turn out to be the same are run
 * once, so it may be less.
 */
export function largestPass(
  tasks: readonly PreparedTask[],
  participants: Pick<Participants, 'regularizers' | 'interventions'>,
  batchSize: number,
): LargestPass {
  const acting = participants.regularizers
    .map(({ regularizer }) => regularizer)
    .filter(({ passes, startsAt }) => passes && startsAt < tasks.length);
  const own = acting.reduce((sum, { ownRows = 0 }) => sum + ownRows, 0);
  const branching = acting.filter(({ ownRows = 0 }) => ownRows === 0).length;
  const guided = participants.interventions.some(({ intervention }) => intervention.startsAt < tasks.length);
  const branches = 1 + branching + (guided && branching > 0 ? 1 : 0);
  const longest = tasks.map(({ examples }) => {
    const parts = examples.map(partsOf);
    return {
      rows: Math.min(batchSize, examples.length),
      length: largest(parts.map(({ prompt, answer }) => prompt + branches * answer)),
      answer: largest(parts.map(({ answer }) => answer)),
    };
  });
  const rows = Math.ceil(largest(longest.map((task) => task.rows)) * (1 + own));
  return {
    rows,
    length: largest(longest.map(({ length }) => length)),
    logits: rows * branches * largest(longest.map(({ answer }) => answer)),
  };
}

/** Tokens before the last prompt token, and from there on. */
function partsOf({ tokens, labels }: EncodedExample): { prompt: number; answer: number } {
  const prompt = Math.max(0, labels.findIndex((label, i) => i > 0 && label !== NO_LOSS) - 1);
  return { prompt, answer: tokens.length - prompt };
}

const largest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);
