import { Command } from 'commander';
import { z } from 'zod';
import type { Tokenizer } from '../contracts/tokenizer.js';
import { openTokenizer } from '../text/tokenizer.js';
import { findModel } from '../weights/model-files.js';
import { downloadProgress } from './download-progress.js';
import { assertWritable, type ParsedLine, parseLines, readLines, writeLines } from './jsonl.js';
import { exactlyOneOf, lineId, lineMessages } from './jsonl-command.js';
import { conversationTokens } from './line-tokens.js';
import { addModelOptions, type ModelOptions } from './model-options.js';

const schema = exactlyOneOf(z.object({ id: lineId, text: z.string().optional(), messages: lineMessages.optional() }), [
  'text',
  'messages',
]);
type Line = z.infer<typeof schema>;

const form = '{"id", "text": text} or {"id", "messages": [{"role", "content"}, ...]}';

interface TokensOptions extends ModelOptions {
  readonly generationPrompt?: boolean;
}

/** `palimpsest tokens`: token ids of texts and conversations; no weights are read. */
export function tokensCommand(): Command {
  const command = new Command('tokens')
    .description(
      'Token ids. Reads {id, text} or {id, messages}, writes {id, tokens, text}: the text is what was tokenized, of a conversation by the chat template. Special strings are parsed as special.',
    )
    .option('--generation-prompt', "end conversations with the head of the assistant's turn");
  return addModelOptions(command).action(async ({ model, input, output, generationPrompt }: TokensOptions) => {
    const lines = parseLines<Line>(await readLines(input), schema, form);
    await assertWritable(output);
    const tokenizer = await openTokenizer(await findModel(model, { progress: downloadProgress() }));
    const rows = lines.map((line) => tokensOf(line, tokenizer, generationPrompt ?? false));
    await writeLines(output, rows);
  });
}

function tokensOf({ value, where }: ParsedLine<Line>, tokenizer: Tokenizer, generationPrompt: boolean): object {
  const { id, text, messages = [] } = value;
  if (text !== undefined) return { id, tokens: tokenizer.encode(text), text };
  const { tokens, text: rendered } = conversationTokens(tokenizer, messages, { generationPrompt, where });
  return { id, tokens, text: rendered };
}
