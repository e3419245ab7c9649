import type { Command } from 'commander';
import { z } from 'zod';
import { logLikelihoods } from '../evaluation/context-table.js';
import { continuationOf } from '../evaluation/encode-item.js';
import { argmax } from '../evaluation/log-softmax.js';
import type { Model } from '../evaluation/model.js';
import type { ParsedLine } from './jsonl.js';
import { jsonlCommand, lineId } from './jsonl-command.js';
import { assertTokens } from './line-tokens.js';

const schema = z.object({
  id: lineId,
  prompt: z.string().min(1),
  choices: z.array(z.string().min(1)).min(1),
});
type Line = z.infer<typeof schema>;

/** `palimpsest score`: how likely each choice is after its prompt. */
export function scoreCommand(): Command {
  return jsonlCommand<Line, object>({
    name: 'score',
    description:
      'Log-likelihoods of choices. Reads {id, prompt, choices}, writes {id, logLikelihoods, tokenCounts, best}.',
    schema,
    form: '{"id", "prompt": text, "choices": [text, ...]}',
    answer: scoreChoices,
  });
}

async function scoreChoices(model: Model, lines: readonly ParsedLine<Line>[]): Promise<object[]> {
  const pairs = lines.map((line) => choicePairs(model, line));
  const scores = await logLikelihoods(model, pairs.flat());
  let next = 0;
  return lines.map(({ value: { id } }, index) => {
    const own = scores.slice(next, next + pairs[index].length);
    next += own.length;
    const logLikelihoods = own.map(({ sum }) => sum);
    return { id, logLikelihoods, tokenCounts: own.map(({ tokens }) => tokens.length), best: argmax(logLikelihoods) };
  });
}

/** Context and continuation of every choice: ids(prompt + choice) minus ids(prompt). */
function choicePairs(model: Model, { value: { prompt, choices }, where }: ParsedLine<Line>) {
  const ids = model.tokenizer.encode(prompt);
  return choices.map((choice) => {
    const { continuation, overlap } = continuationOf({ text: prompt, ids }, choice, model.tokenizer);
    const context = ids.slice(0, ids.length - overlap);
    assertTokens(model, context, where, continuation.length);
    return { context, continuation };
  });
}
