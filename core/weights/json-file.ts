import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { type ErrorCode, problem } from '../errors.js';

/** Reads a JSON file of a form. @throws PalimpsestError of the code given, naming the file and the first key that does not fit */
export async function readJson<T extends z.ZodType>(path: string, schema: T, code: ErrorCode): Promise<z.infer<T>> {
  const value = await readFile(path, 'utf8')
    .then((text): unknown => JSON.parse(text))
    .catch((error: Error) => {
      throw problem(code, { where: path, expected: 'a JSON file', got: error.message });
    });
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw problem(code, { where: [path, issue.path.join('.')].filter(Boolean).join(': '), got: issue.message });
}
