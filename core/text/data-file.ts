import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { z } from 'zod';
import { problem } from '../errors.js';
import { faultyLine } from './json-fault.js';
import { plainIssue } from './plain-issue.js';

/** A data file's text and where it came from. */
export interface DataText {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
  /** Of the file's bytes. */
  readonly sha256: string;
}

/** A parsed line of a JSONL file, or item of a JSON list. */
export interface DataLine {
  /** `path:line` or `path, item number`, both from 1. */
  readonly where: string;
  readonly value: unknown;
}

/** Reads a UTF-8 file; `name` is relative to `folder`. @throws PalimpsestError DATA_FILE, DATA_LINE */
export async function readDataFile(folder: string, name: string): Promise<DataText> {
  const path = resolve(folder, name);
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw problem('DATA_FILE', { where: path, expected: 'a file that can be read', got: reason(error) });
  });
  return { path, text: strictText(bytes, path), sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** A file's lines as JSON values; blank lines are passed over. @throws PalimpsestError DATA_LINE, DATA_EMPTY */
export function jsonLines({ path, text }: DataText): DataLine[] {
  const lines = text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === '') return [];
    const where = `${path}:${index + 1}`;
    return [{ where, value: parseJson(line, () => where) }];
  });
  if (lines.length === 0) throw problem('DATA_EMPTY', { where: path, expected: 'at least one line', got: 'none' });
  return lines;
}

/** The items of a file that is a JSON list. @throws PalimpsestError DATA_LINE, DATA_EMPTY */
export function jsonItems(data: DataText): DataLine[] {
  const where = data.path;
  const value = jsonDocument(data);
  if (!Array.isArray(value)) throw problem('DATA_LINE', { where, expected: 'a JSON list', got: typeof value });
  if (value.length === 0) throw problem('DATA_EMPTY', { where, expected: 'at least one item', got: 'none' });
  return value.map((item: unknown, index) => ({ where: `${where}, item ${index + 1}`, value: item }));
}

/** A line's value, checked by a schema. @param form what is expected, in words @throws PalimpsestError DATA_LINE */
export function lineValue<T>({ where, value }: DataLine, schema: z.ZodType<T>, form: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw problem('DATA_LINE', { where, expected: form, got: plainIssue(result.error.issues[0], value) });
}

/** A file's text as one JSON value. @throws PalimpsestError DATA_LINE naming the line */
export function jsonDocument({ path, text }: DataText): unknown {
  return parseJson(text, () => `${path}:${faultyLine(text)}`);
}

/** @param where names the place of a fault */
function parseJson(text: string, where: () => string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw problem('DATA_LINE', { where: where(), expected: 'JSON', got: (error as Error).message });
  }
}

function reason(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'none';
  return error.code === 'EISDIR' ? 'a folder' : error.message;
}

function strictText(bytes: Uint8Array, path: string): string {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    return decoder.decode(bytes);
  } catch {
    throw problem('DATA_LINE', { where: `${path}:${firstBadLine(bytes)}`, expected: 'UTF-8 text', got: 'other bytes' });
  }
}

/** Number, from 1, of the first line that is not UTF-8. */
function firstBadLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (let line = 1, start = 0; ; line++) {
    const end = bytes.indexOf(0x0a, start);
    try {
      decoder.decode(bytes.subarray(start, end < 0 ? undefined : end));
    } catch {
      return line;
    }
    if (end < 0) return line;
    start = end + 1;
  }
}
