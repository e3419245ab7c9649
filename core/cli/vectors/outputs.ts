import { stat } from 'node:fs/promises';
import { problem } from '../../errors.js';
import { assertWritable, writeText } from '../jsonl.js';

/** What a command writes: `--out`, and pictures. */
export interface Outputs {
  readonly out?: string;
  /** By file, drawn when the rest is written. */
  readonly pictures: ReadonlyMap<string | undefined, () => Promise<string>>;
}

/** The file that `--out` names. @throws PalimpsestError USAGE without one, OUTPUT_WRITE */
export async function assertFile(out: string | undefined): Promise<string> {
  if (out === undefined) throw problem('USAGE', { expected: '--out FILE', got: 'none' });
  await assertWritable(out);
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
