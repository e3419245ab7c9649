import type { StepRecord } from '../../core/contracts/observer.js';
import type { Backbone, Regularizer } from '../../core/index.js';
import { trainSequence } from '../../core/training/sequence.js';
import { toySequence, toyTask } from '../training/toy-run.js';

/** Prompts and answers of different lengths, so that rows and their answer tokens weigh differently. */
const uneven: [string, string][] = [
  ['abcd', 'e'],
  ['b', 'cdefg'],
  ['cde', 'fg'],
  ['de', 'fghij'],
];

/** A regularizer's terms over three steps of four rows, taken at once and as four micro-batches of one row. */
export async function termsByMicroBatches(
  build: (backbone: Backbone) => Regularizer,
): Promise<{ whole: number[]; parts: number[] }> {
  const terms = async (settings: Record<string, unknown>) => {
    const parts = await toySequence([toyTask('toy', uneven, 3)], { settings });
    const regularizer = build(parts.backbone);
    await trainSequence({ ...parts, regularizers: [{ name: 'own', regularizer }] });
    for (const part of [parts.adapter, parts.backbone]) part.dispose();
    return parts.records.map(({ loss }: StepRecord) => loss.own);
  };
  return { whole: await terms({ batchSize: 4 }), parts: await terms({ batchSize: 1, accumulate: 4 }) };
}
