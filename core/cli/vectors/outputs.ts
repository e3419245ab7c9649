import { stat } from 'node:fs/promises';
import path from 'node:path';
import { problem } from '../../errors.js';
import { assertWritable, writeText } from '../jsonl.js';

/** What a command writes: `--out`, and pictures. */
export interface Outputs {
  readonly out?: string;
  /** By file, drawn when the rest is written. */
  readonly pictures: ReadonlyMap<string | undefined, () => Promise<string>>;
}

/**
 * Refuses outputs that cannot be written, or that would write over an input or over one another.
 * @throws PalimpsestError USAGE, OUTPUT_WRITE
 */
export async function assertOutputs(
  outputs: readonly (string | undefined)[],
  inputs: readonly (string | undefined)[],
): Promise<void> {
  const absolute = (files: readonly (string | undefined)[]) =>
    files.filter((file) => file !== undefined).map((file) => path.resolve(file));
  const written = absolute(outputs);
  const read = absolute(inputs);
  const over = written.find((file, i) => read.includes(file) || written.indexOf(file) < i);
  if (over) throw problem('USAGE', { expected: 'outputs that are no inputs, each another file', got: over });
  for (const file of outputs) await assertWritable(file);
}

/** The file that `--out` names, with FILE.json beside it. @throws PalimpsestError USAGE without one, OUTPUT_WRITE */
export async function assertFile(out: string | undefined, inputs: readonly (string | undefined)[]): Promise<string> {
  if (out === undefined) throw problem('USAGE', { expected: '--out FILE', got: 'none' });
  await assertOutputs([out, `${out}.json`], inputs);
  return out;
}

/** Writes a result as JSON to `--out` or standard output, then the pictures that are asked for. @throws PalimpsestError OUTPUT_WRITE */
export async function writeResult(result: object, { out, pictures }: Outputs): Promise<void> {
  await writeText(out, `${JSON.stringify(result, null, 1)}\n`);
  for (const [file, draw] of pictures) if (file !== undefined) await writeText(file, await draw());
}

/** Whether files can stand beside `--out`: it is no device or pipe. */
export async function isFile(out: string | undefined): Promise<boolean> {
  if (out === undefined) return false;
  const there = await stat(out).catch(() => undefined);
  return there === undefined || there.isFile();
}
