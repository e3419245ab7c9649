import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { tell } from './bench.js';
import { identityOf, modelIdentity, sameFiles } from './model-identity.js';

const hashes = z.object({ model: modelIdentity });
const made = z.union([z.object({ provenance: hashes }).transform(({ provenance }) => provenance), hashes]);

/** Warns of a file that says it was made with another model. @param saying the JSON that tells of the file; it may be missing */
export async function warnOfOtherModel(file: string, saying: string, model: string): Promise<void> {
  const text = await readFile(saying, 'utf8').catch(() => '{}');
  const parsed = made.safeParse(jsonOf(text));
  if (!parsed.success) return;
  const other = parsed.data.model;
  if (sameFiles(other, await identityOf(model))) return;
  tell(`warning: ${file} was made with ${other.reference}, whose files are others than those of ${model}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
