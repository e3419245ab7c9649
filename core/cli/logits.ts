import type { Command } from 'commander';
import { z } from 'zod';
import { problem } from '../errors.js';
import { runContexts } from '../evaluation/contexts.js';
import { largest, logSumExp } from '../evaluation/log-softmax.js';
import type { Model } from '../evaluation/model.js';
import type { ParsedLine } from './jsonl.js';
import { exactlyOneOf, jsonlCommand, lineId, lineTokens } from './jsonl-command.js';
import { tokensOfLine } from './line-tokens.js';
import { tokenIds, wholeNumber } from './model-options.js';

const schema = exactlyOneOf(
  z.object({ id: lineId, prompt: z.string().min(1).optional(), tokens: lineTokens.optional() }),
  ['prompt', 'tokens'],
);
type Line = z.infer<typeof schema>;

interface LogitsOptions {
  readonly top: number;
  readonly ids?: readonly number[];
}

/** `palimpsest logits`: the logits at the last position of every line. */
export function logitsCommand(): Command {
  return jsonlCommand<Line, LogitsOptions>({
    name: 'logits',
    description: 'Logits of the next token. Reads {id, prompt} or {id, tokens}, writes {id, top, logSumExp, logits}.',
    schema,
    form: '{"id", "prompt": text} or {"id", "tokens": [id, ...]}',
    addOptions: (command) =>
      command
        .option('--top <k>', 'number of largest logits', wholeNumber(0), 10)
        .option('--ids <ids>', 'token ids whose logits are wanted, for example 1,2', tokenIds),
    answer: readLogits,
  });
}

async function readLogits(
  model: Model,
  lines: readonly ParsedLine<Line>[],
  { top, ids = [] }: LogitsOptions,
): Promise<object[]> {
  const { vocabulary } = model.backbone.sizes;
  const outside = ids.find((id) => id >= vocabulary);
  if (outside !== undefined) {
    throw problem('TOKEN_OUT_OF_RANGE', { where: '--ids', expected: `below ${vocabulary}`, got: String(outside) });
  }
  const rows = new Array<object>(lines.length);
  const contexts = lines.map((line, index) => ({
    tokens: tokensOfLine(model, line),
    inspect: (logits: Float32Array) => {
      rows[index] = {
        id: line.value.id,
        top: largest(logits, top).map((token) => [token, logits[token]]),
        logSumExp: logSumExp(logits),
        logits: Object.fromEntries(ids.map((id) => [id, logits[id]])),
      };
    },
  }));
  await runContexts(model, contexts);
  return rows;
}
