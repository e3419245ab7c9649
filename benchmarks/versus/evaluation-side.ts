// Our side of `versus evaluation`: serves log-likelihoods of a set's pairs, by what evaluation computes them with.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { logLikelihoods } from '../../core/evaluation/context-table.js';
import type { EvaluationAnswer, EvaluationRequest, PairSet } from './evaluation.js';
import { ourModel } from './our-model.js';
import { peakMemory, resetPeak } from './peak-memory.js';
import { serve } from './protocol.js';

/** @param folder benchmarks/, absolute */
export async function main(args: string[], folder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { engine: { type: 'string', default: 'native' }, pairs: { type: 'string', default: '' } },
  });
  const sets = JSON.parse(readFileSync(values.pairs, 'utf8')) as PairSet[];
  const model = await ourModel(values.engine, folder);
  await serve(model.greeting, async ({ set }: EvaluationRequest): Promise<EvaluationAnswer> => {
    const { pairs } = sets.find(({ name }) => name === set) as PairSet;
    resetPeak();
    const start = performance.now();
    const scores = await logLikelihoods(model, pairs);
    const seconds = (performance.now() - start) / 1000;
    return { seconds, logLikelihoods: scores.map(({ sum }) => sum), peak: peakMemory() };
  });
}
