import { type Command, InvalidArgumentError, Option } from 'commander';
import type { EngineName } from '../engine/engine.js';

/** Options of every command that runs a model over JSONL. */
export interface ModelOptions {
  readonly model: string;
  readonly adapter?: string;
  readonly engine: EngineName;
  readonly input?: string;
  readonly output?: string;
}

/** Adds --model, --adapter, --engine, --input and --output (alias --out). */
export function addModelOptions(command: Command): Command {
  return command
    .requiredOption('--model <model>', 'path, hub id (owner/name) or known name')
    .option('--adapter <folder>', 'PEFT LoRA directory to add')
    .option('--engine <engine>', 'auto, native, wasm or cpu', 'auto')
    .option('--input <file>', 'JSONL to read (default: standard input)')
    .option('--output <file>', 'JSONL to write (default: standard output)')
    .addOption(new Option('--out <file>').hideHelp())
    .on('option:out', (file: string) => command.setOptionValue('output', file));
}

/** Keeps every value of an option that may be given more than once. */
export function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

/** Parses a whole number from `least` on. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} on.`);
  };
}

/** Parses token ids: whole numbers with commas between them. */
export function tokenIds(text: string): number[] {
  return text.split(',').map((part) => wholeNumber(0)(part.trim()));
}

/** Parses one of some words. */
export function oneOf(...words: readonly string[]): (text: string) => string {
  return (text) => {
    if (words.includes(text)) return text;
    throw new InvalidArgumentError(`It must be one of ${words.join(', ')}.`);
  };
}

/** Parses a finite number. */
export function finiteNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number.');
}

/** Parses text of a form. @param form in words */
export function ofForm<T>(parse: (text: string) => T | undefined, form: string): (text: string) => T {
  return (text) => {
    const value = parse(text);
    if (value !== undefined) return value;
    throw new InvalidArgumentError(`It must be ${form}.`);
  };
}
