import type { RandomStream, TokenExample } from '../../core/index.js';

/** A buffered example and the task, from 0, that it is of. */
export interface BufferedExample extends Pick<TokenExample, 'tokens' | 'labels'> {
  readonly task: number;
}

/** What a buffer is, as plain JSON. */
export interface BufferState {
  /** Examples that it was shown. */
  readonly seen: number;
  /** Tasks that it was shown. */
  readonly tasks: number;
  readonly examples: readonly BufferedExample[];
}

export const emptyBuffer: BufferState = { seen: 0, tasks: 0, examples: [] };

/** A buffer of at most `capacity` examples after one more task. Changes nothing. */
export type AddTask = (
  buffer: BufferState,
  examples: readonly TokenExample[],
  capacity: number,
  stream: RandomStream,
) => BufferState;

/**
 * Reservoir sampling (Vitter 1985, algorithm R): the n-th example of the stream of all tasks' examples takes the place of a
 * random one with probability capacity / n, so that each example seen is as likely as any other to be there.
 */
export const addToReservoir: AddTask = (buffer, examples, capacity, stream) => {
  const kept = [...buffer.examples];
  let { seen } = buffer;
  for (const example of examples) {
    seen++;
    const place = kept.length < capacity ? kept.length : stream.below(seen);
    if (place < capacity) kept[place] = buffered(example, buffer.tasks);
  }
  return { seen, tasks: buffer.tasks + 1, examples: kept };
};

/**
 * The capacity dealt out to the tasks one by one, in their order. Of every task the first ones of a shuffled draw are kept, so
 * what is left of its share when another task comes is a random sample of it.
 */
export const addToShares: AddTask = (buffer, examples, capacity, stream) => {
  const tasks = buffer.tasks + 1;
  const share = (task: number) => Math.max(0, Math.ceil((capacity - task) / tasks));
  const drawn = stream.shuffle(examples).map((example) => buffered(example, buffer.tasks));
  const counts = new Array<number>(tasks).fill(0);
  const kept = [...buffer.examples, ...drawn].filter(({ task }) => counts[task]++ < share(task));
  return { seen: buffer.seen + examples.length, tasks, examples: kept };
};

function buffered({ tokens, labels }: TokenExample, task: number): BufferedExample {
  return { tokens, labels, task };
}
