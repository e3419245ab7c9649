import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { problem } from '../errors.js';

/** Reads JSON of a form. @param expected the form in words @throws PalimpsestError INPUT_FILE */
export async function readJson<T>(file: string, schema: z.ZodType<T>, expected: string): Promise<T> {
  const refuse = (got: string) =>
    problem('INPUT_FILE', { where: file, expected, got, remedy: 'Check the path, and what the file holds.' });
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw refuse(error.code ?? error.message);
  });
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw refuse((error as Error).message);
    const [{ path, message }] = error.issues;
    throw refuse(`${path.join('.')}: ${message}`);
  }
}
