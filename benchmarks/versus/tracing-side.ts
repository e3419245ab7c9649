// Our side of `versus tracing`: serves the effects of all heads on one prompt's answer.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { modelView } from '../../core/training/additions.js';
import { tracePrompt } from '../../core/vectors/causal-trace.js';
import { ourModel } from './our-model.js';
import { serve } from './protocol.js';
import type { TracingAnswer, TracingInput } from './tracing.js';

/** @param folder benchmarks/, absolute */
export async function main(args: string[], folder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { engine: { type: 'string', default: 'native' }, prompt: { type: 'string', default: '' } },
  });
  const { tokens, answer, means } = JSON.parse(readFileSync(values.prompt, 'utf8')) as TracingInput;
  const { backbone, greeting } = await ourModel(values.engine, folder);
  const model = modelView(backbone);
  const settings = { means: Float32Array.from(means), answer: 'first-token' } as const;
  await serve(greeting, (): TracingAnswer => {
    const start = performance.now();
    const { plain, replaced } = tracePrompt(model, { tokens, answer: [answer] }, settings);
    const seconds = (performance.now() - start) / 1000;
    return { seconds, effects: Array.from(replaced, (value) => Math.exp(value) - Math.exp(plain)) };
  });
}
