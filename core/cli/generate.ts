import type { Command } from 'commander';
import { z } from 'zod';
import { runContexts } from '../evaluation/contexts.js';
import { answerEnds, type Generated } from '../evaluation/generation.js';
import type { Model } from '../evaluation/model.js';
import type { ParsedLine } from './jsonl.js';
import { exactlyOneOf, jsonlCommand, lineId, lineMessages, lineTokens } from './jsonl-command.js';
import { tokensOfLine } from './line-tokens.js';
import { wholeNumber } from './model-options.js';

const schema = exactlyOneOf(
  z.object({
    id: lineId,
    prompt: z.string().min(1).optional(),
    messages: lineMessages.optional(),
    tokens: lineTokens.optional(),
  }),
  ['prompt', 'messages', 'tokens'],
);
type Line = z.infer<typeof schema>;

interface GenerateOptions {
  readonly maxTokens: number;
  readonly ignoreEos?: boolean;
}

/** `palimpsest generate`: greedy continuations; the EOS that ends one is not among its tokens. */
export function generateCommand(): Command {
  return jsonlCommand<Line, GenerateOptions>({
    name: 'generate',
    description:
      'Greedy continuations. Reads {id, prompt}, {id, messages} or {id, tokens}, writes {id, tokens, text}, the new tokens only.',
    schema,
    form: '{"id", "prompt": text}, {"id", "messages": [{"role", "content"}, ...]} or {"id", "tokens": [id, ...]}',
    addOptions: (command) =>
      command
        .option('--max-tokens <n>', 'most new tokens of a line', wholeNumber(1), 50)
        .option('--ignore-eos', 'go on after the end-of-sequence token'),
    answer: continueLines,
  });
}

async function continueLines(
  model: Model,
  lines: readonly ParsedLine<Line>[],
  { maxTokens, ignoreEos = false }: GenerateOptions,
): Promise<object[]> {
  const contexts = lines.map((line) => ({ tokens: tokensOfLine(model, line, maxTokens), generate: true }));
  const ends = ignoreEos ? () => false : answerEnds(model.tokenizer, false);
  const results = await runContexts(model, contexts, { generation: { maxTokens, ends } });
  return lines.map(({ value: { id } }, index) => {
    const { tokens, ended } = results[index].generated as Generated;
    const kept = ended ? tokens.slice(0, -1) : tokens;
    return { id, tokens: kept, text: model.tokenizer.decode(kept, { skipSpecial: true }) };
  });
}
