import { z } from 'zod';
import { readJson } from '../json-file.js';

const tokens = z.array(z.number().int().min(0)).min(1);
const schema = z.object({
  clean: z.array(z.object({ tokens })).min(1),
  trials: z.array(z.object({ tokens, target: z.union([z.number().int().min(0), tokens]) })).min(1),
});

/** Explicit prompts to trace with. */
export type PromptFile = z.infer<typeof schema>;

/** Reads prompts that are given as token ids. @throws PalimpsestError INPUT_FILE */
export function readPromptFile(file: string): Promise<PromptFile> {
  return readJson(file, schema, '{"clean": [{"tokens"}, ...], "trials": [{"tokens", "target"}, ...]}');
}
