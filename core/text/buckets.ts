import type { RandomStream } from '../training/random.js';

/** Batches that share a pool are cut from examples sorted by length; beyond it, order stays random. */
const POOL_BATCHES = 32;

export interface BucketOptions {
  /** Rows of one batch; the last one may have fewer. */
  readonly batchSize: number;
  /** false keeps the order given. */
  readonly shuffle: boolean;
}

/**
 * The batches of one epoch as lists of example indices; every index once. Shuffled: examples are drawn in random order,
 * batches are cut from pools sorted by length (little padding), and the batches come in random order.
 */
export function batchesOfEpoch(
  lengths: readonly number[],
  { batchSize, shuffle }: BucketOptions,
  stream: RandomStream,
): number[][] {
  const order = lengths.map((_, index) => index);
  if (!shuffle) return cut(order, batchSize);
  const pools = cut(stream.shuffle(order), batchSize * POOL_BATCHES);
  const batches = pools.flatMap((pool) =>
    cut(
      pool.sort((a, b) => lengths[a] - lengths[b]),
      batchSize,
    ),
  );
  return stream.shuffle(batches);
}

function cut(items: readonly number[], size: number): number[][] {
  const parts: number[][] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}
