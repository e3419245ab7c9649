import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { problem } from '../../errors.js';

const tokens = z.array(z.number().int().min(0)).min(1);
const schema = z.object({
  clean: z.array(z.object({ tokens })).min(1),
  trials: z.array(z.object({ tokens, target: z.union([z.number().int().min(0), tokens]) })).min(1),
});

/** Explicit prompts to trace with. */
export type PromptFile = z.infer<typeof schema>;

/** Reads prompts that are given as token ids. @throws PalimpsestError INPUT_FILE */
export async function readPromptFile(file: string): Promise<PromptFile> {
  const expected = '{"clean": [{"tokens"}, ...], "trials": [{"tokens", "target"}, ...]}';
  const refuse = (got: string) => problem('INPUT_FILE', { where: file, expected, got });
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
