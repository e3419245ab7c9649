import { Command } from 'commander';
import { z } from 'zod';
import type { Model } from '../evaluation/model.js';
import { assertWritable, type ParsedLine, parseLines, readLines, writeLines } from './jsonl.js';
import { withModel } from './loaded-model.js';
import { addModelOptions, type ModelOptions } from './model-options.js';

/** What an `id` may be: given back as it came. */
export const lineId = z.union([z.string(), z.number()]);

/** Token ids of a line; they never gain a BOS. */
export const lineTokens = z.array(z.number().int().min(0)).min(1);

/** Turns of a conversation. */
export const lineMessages = z.array(z.object({ role: z.string(), content: z.string() })).min(1);

/** Allows a line exactly one of the fields. */
export function exactlyOneOf<T extends object>(schema: z.ZodType<T>, fields: readonly (keyof T & string)[]) {
  return schema.refine((line) => fields.filter((field) => line[field] !== undefined).length === 1, {
    error: `exactly one of ${fields.join(', ')} is needed`,
  });
}

/** A command that reads JSONL, asks the model and writes JSONL in the same order. */
export interface JsonlCommand<Line, Options> {
  readonly name: string;
  readonly description: string;
  readonly schema: z.ZodType<Line>;
  /** The line's form in words, for errors. */
  readonly form: string;
  /** Adds the command's own options. */
  readonly addOptions?: (command: Command) => void;
  readonly answer: (model: Model, lines: readonly ParsedLine<Line>[], options: Options) => Promise<object[]>;
}

/** Builds the command: every line is checked before the model is loaded, and nothing is written before all is done. */
export function jsonlCommand<Line, Options>(parts: JsonlCommand<Line, Options>): Command {
  const command = addModelOptions(new Command(parts.name).description(parts.description));
  parts.addOptions?.(command);
  return command.action(async (options: ModelOptions & Options) => {
    const lines = parseLines(await readLines(options.input), parts.schema, parts.form);
    await assertWritable(options.output);
    let rows: object[] = [];
    await withModel(options, async (model) => {
      rows = await parts.answer(model, lines, options);
    });
    await writeLines(options.output, rows);
  });
}
