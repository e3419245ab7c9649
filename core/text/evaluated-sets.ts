import { z } from 'zod';
import { filePath } from '../config/paths.js';
import type { EvaluationSet } from '../contracts/benchmark.js';
import type { RandomSource } from '../training/random.js';
import type { DataReader } from './data-reader.js';
import type { DataSource } from './data-source.js';
import { type HeldOutOptions, heldOutOptions, heldOutSets, heldOutSources } from './held-out.js';
import { heldOutPairs, type Pair, pairSets } from './pairs.js';

/** Sets that are only evaluated: some of those that the paper holds out, and files of pairs. */
export const evaluatedOptions = z.strictObject({
  root: filePath()
    .optional()
    .describe('Folder of NAME.jsonl and NAME.fewshot.jsonl; left out: none of these sets, `pairs` only.'),
  sets: heldOutOptions.shape.sets,
  maxTest: heldOutOptions.shape.maxTest,
  pairs: z.array(heldOutPairs).default([]).describe('Sets that are files of pairs.'),
});

export type EvaluatedOptions = z.infer<typeof evaluatedOptions>;

/** The files of the sets that the options name. */
export function evaluatedSources(options: EvaluatedOptions | undefined): DataSource[] {
  if (!options) return [];
  return [...heldOutSources(withRoot(options)), { files: options.pairs.map(({ file }) => file) }];
}

/**
 * The sets that the options name, none where there are no options; the pairs of a file are shuffled by a draw named by the set.
 * @throws PalimpsestError DATA_*
 */
export async function evaluatedSets(
  reader: DataReader,
  options: EvaluatedOptions | undefined,
  random: RandomSource,
): Promise<EvaluationSet[]> {
  if (!options) return [];
  const ordered = (name: string, pairs: Pair[]) => random.stream(`held-out/${name}`).shuffle(pairs);
  const papers = await heldOutSets(reader, withRoot(options));
  return [...papers, ...(await pairSets(reader, options.pairs, ordered))];
}

/** What is asked for of the paper's sets: nothing without their folder. */
function withRoot({ root, sets, maxTest }: EvaluatedOptions): HeldOutOptions | undefined {
  return root === undefined ? undefined : { root, sets, maxTest };
}
