import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { modelHashes } from '../../run/environment.js';
import { findModel } from '../../weights/model-files.js';
import { tell } from './bench.js';

const hashes = z.object({ model: z.object({ reference: z.string(), sha256: z.record(z.string(), z.string()) }) });
const made = z.union([z.object({ provenance: hashes }).transform(({ provenance }) => provenance), hashes]);

/** Warns of a file that says it was made with another model. @param saying the JSON that tells of the file; it may be missing */
export async function warnOfOtherModel(file: string, saying: string, model: string): Promise<void> {
  const text = await readFile(saying, 'utf8').catch(() => '{}');
  const parsed = made.safeParse(jsonOf(text));
  if (!parsed.success) return;
  const { reference, sha256 } = parsed.data.model;
  const own = await modelHashes(await findModel(model));
  if (Object.values(own).sort().join() === Object.values(sha256).sort().join()) return;
  tell(`warning: ${file} was made with ${reference}, whose files are others than those of ${model}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
