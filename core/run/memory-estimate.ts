import type { ExpectedMemory } from '../contracts/observer.js';
import { machineMemory } from '../engine/memory.js';
import { assertTrains, type TrainingSizes, trainingMemory } from '../engine/training-memory.js';
import type { Participants } from '../training/participants.js';
import type { PreparedTask } from '../training/task-data.js';
import { largestPass } from './largest-pass.js';
import type { OpenModel } from './open-model.js';

/**
 * Memory of a run before its first step; undefined where nothing trains or the backbone or the adapter does not tell its sizes.
 * @throws PalimpsestError MEMORY_TOO_SMALL for one that cannot fit
 */
export function expectedMemory(
  tasks: readonly PreparedTask[],
  participants: Participants,
  { model, batchSize }: { readonly model: Pick<OpenModel, 'backbone' | 'engine'>; readonly batchSize: number },
): ExpectedMemory | undefined {
  const { backbone, engine } = model;
  const { adapter } = participants;
  if (tasks.length === 0 || !backbone.memory || adapter.trainedValues === undefined) return undefined;
  const { rows, length, logits } = largestPass(tasks, participants, batchSize);
  const sizes: TrainingSizes = {
    engine,
    backbone: backbone.memory({ rows, length, adapted: adapter.sites }),
    vocabulary: backbone.sizes.vocabulary,
    logits,
    trained: adapter.trainedValues,
  };
  const machine = machineMemory();
  const resident = process.memoryUsage.rss();
  assertTrains(sizes, `training on ${rows} rows of ${length} tokens`, machine, resident);
  return { peak: trainingMemory(sizes), ...(engine.gpu ? {} : { free: machine.free + resident }) };
}
