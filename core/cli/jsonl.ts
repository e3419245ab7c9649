import { access, constants, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { z } from 'zod';
import { problem } from '../errors.js';
import { plainIssue } from '../text/plain-issue.js';

/** A line of JSON. */
export interface InputLine {
  /** From 1. */
  readonly line: number;
  /** What errors call it: `file:line`. */
  readonly where: string;
  readonly value: unknown;
}

/** A line that has the form asked for. */
export interface ParsedLine<T> extends InputLine {
  readonly value: T;
}

/** Lines of a JSONL file, or of standard input where none is named; blank ones are passed over. @throws PalimpsestError INPUT_FILE, INPUT_LINE */
export async function readLines(input?: string): Promise<InputLine[]> {
  const name = input ?? 'standard input';
  if (input === undefined && process.stdin.isTTY) {
    process.stderr.write('Reading JSONL from standard input; Ctrl-D ends it, --input names a file.\n');
  }
  const bytes = input === undefined ? await buffer(process.stdin) : await readInput(input);
  const text = utf8(bytes, name);
  return text.split(/\r?\n/).flatMap((json, index) => {
    if (json.trim() === '') return [];
    const where = `${name}:${index + 1}`;
    try {
      return [{ line: index + 1, where, value: JSON.parse(json) as unknown }];
    } catch (error) {
      throw problem('INPUT_LINE', { where, expected: 'one JSON object', got: (error as Error).message });
    }
  });
}

function readInput(path: string): Promise<Buffer> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw problem('INPUT_FILE', { where: path, expected: 'a file that can be read', got: error.code ?? error.message });
  });
}

function utf8(bytes: Buffer, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw problem('INPUT_LINE', { where: name, expected: 'UTF-8 text', got: 'other bytes' });
  }
}

/** Checks every line against a schema. @param form the line's form in words @throws PalimpsestError INPUT_LINE */
export function parseLines<T>(lines: readonly InputLine[], schema: z.ZodType<T>, form: string): ParsedLine<T>[] {
  return lines.map((line) => {
    const result = schema.safeParse(line.value);
    if (result.success) return { ...line, value: result.data };
    const got = plainIssue(result.error.issues[0], line.value);
    throw problem('INPUT_LINE', { where: line.where, expected: form, got });
  });
}

/** Refuses a file that could not be written, before any work is done. @throws PalimpsestError OUTPUT_WRITE */
export async function assertWritable(output?: string): Promise<void> {
  if (output === undefined) return;
  const refuse = (expected: string, got: string) => problem('OUTPUT_WRITE', { where: output, expected, got });
  const there = await stat(output).catch(() => undefined);
  if (there?.isDirectory()) throw refuse('a file', 'a folder');
  const written = there && !there.isFile() ? output : dirname(resolve(output));
  await access(written, constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    throw refuse('a place that can be written', error.code ?? error.message);
  });
}

/** Writes rows as JSONL, see `writeText`. @throws PalimpsestError OUTPUT_WRITE */
export function writeLines(output: string | undefined, rows: readonly object[]): Promise<void> {
  return writeText(output, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

/** Writes text to a file, whole or not at all, to a device or pipe, or to standard output. @throws PalimpsestError OUTPUT_WRITE */
export async function writeText(output: string | undefined, text: string): Promise<void> {
  if (output === undefined) {
    await new Promise<void>((done) => process.stdout.write(text, () => done()));
    return;
  }
  const there = await stat(output).catch(() => undefined);
  try {
    if (!there || there.isFile()) await writeWhole(output, text);
    else await writeFile(output, text);
  } catch (error) {
    throw problem('OUTPUT_WRITE', { where: output, got: (error as Error).message });
  }
}

async function writeWhole(output: string, text: string): Promise<void> {
  const temporary = `${output}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, output);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
