import {
  type DataLine,
  type Example,
  lineValue,
  problem,
  type TextExample,
  type TokenExample,
  z,
} from '../../core/index.js';

const id = z.number().int().min(0);

const textLine = z.object({
  prompt: z.string(),
  answer: z.string().min(1),
  choices: z.array(z.string().min(1)).min(2).optional(),
  knowledge: z.object({ prompt: z.string().min(1), choices: z.array(z.string().min(1)).min(2) }).optional(),
});

const tokenLine = z.object({ tokens: z.array(id).min(1), labels: z.array(id.or(z.literal(-100))) });

/** A line of a training file: text, or ready-made tokens. @throws PalimpsestError DATA_LINE */
export function trainingExample(line: DataLine): Example {
  const value = line.value;
  return typeof value === 'object' && value !== null && 'tokens' in value ? tokenExample(line) : textExample(line);
}

/** A line that is scored or shown as a demonstration. @throws PalimpsestError DATA_LINE */
export function scoredExample(line: DataLine): TextExample {
  const example = textExample(line);
  if (example.prompt === '') throw wrong(line, '`prompt`: some text', 'none');
  return example;
}

function textExample(line: DataLine): TextExample {
  const example = parse(textLine, line, '{"prompt": text, "answer": text, "choices"?: [text, ...]}');
  if (example.choices && !example.choices.includes(example.answer)) {
    throw wrong(line, '`answer` among `choices`', JSON.stringify(example.answer));
  }
  const { knowledge, choices = [] } = example;
  if (knowledge && knowledge.choices.length !== choices.length) {
    throw wrong(line, '`knowledge.choices` as many as `choices`', `${knowledge.choices.length} and ${choices.length}`);
  }
  return example;
}

function tokenExample(line: DataLine): TokenExample {
  const example = parse(tokenLine, line, '{"tokens": [id, ...], "labels": [id or -100, ...]}');
  const { tokens, labels } = example;
  if (labels.length !== tokens.length)
    throw wrong(line, `${tokens.length} labels, one for each token`, `${labels.length}`);
  if (!labels.some((label, i) => i > 0 && label !== -100)) {
    throw wrong(line, 'a label other than -100 after the first token', 'none');
  }
  return example;
}

function parse<T extends object>(schema: z.ZodType<T>, line: DataLine, form: string): T & { where: string } {
  return { ...lineValue(line, schema, form), where: line.where };
}

const wrong = (line: DataLine, expected: string, got: string) =>
  problem('DATA_LINE', { where: line.where, expected, got });
