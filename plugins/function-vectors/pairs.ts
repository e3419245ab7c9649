import { type DataText, jsonDocument, problem, type TextExample, z } from '../../core/index.js';

const pair = z.object({ input: z.string().min(1), output: z.string().min(1) });

export type Pair = z.infer<typeof pair>;

/** The items of a file. @throws PalimpsestError DATA_LINE, DATA_EMPTY */
export function readPairs(data: DataText): Pair[] {
  const value = jsonDocument(data);
  if (!Array.isArray(value))
    throw problem('DATA_LINE', { where: data.path, expected: 'a JSON list', got: typeof value });
  if (value.length === 0)
    throw problem('DATA_EMPTY', { where: data.path, expected: 'at least two items', got: 'none' });
  return value.map((item, index) => {
    const result = pair.safeParse(item);
    if (result.success) return result.data;
    const { path, message } = result.error.issues[0];
    const where = `${data.path}, item ${index + 1}`;
    throw problem('DATA_LINE', {
      where,
      expected: '{"input": text, "output": text}',
      got: `${path.join('.')}: ${message}`,
    });
  });
}

/** Todd et al.'s template: `Q: input`, a new line, `A:`; the answer is a blank and the output. */
export function toExample({ input, output }: Pair, instruction?: string): TextExample {
  const before = instruction === undefined ? '' : `${instruction}\n`;
  return { prompt: `${before}Q: ${input}\nA:`, answer: ` ${output}` };
}
