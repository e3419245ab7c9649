import { join } from 'node:path';
import { z } from 'zod';
import { filePath } from '../config/paths.js';
import type { EvaluationSet, TextExample } from '../contracts/benchmark.js';
import { problem } from '../errors.js';
import { type DataLine, lineValue } from './data-file.js';
import type { DataReader } from './data-reader.js';
import type { DataSource } from './data-source.js';
import { type HeldOutName, heldOutTemplates } from './held-out-templates.js';
import { distinctNames } from './task-names.js';

const names = Object.keys(heldOutTemplates) as [HeldOutName, ...HeldOutName[]];

/** Sets whose records belong to many subjects, one subject after another in the file. */
const severalSubjects: readonly HeldOutName[] = ['mmlu_social'];

const record = z.object({
  id: z.string(),
  question: z.string().min(1),
  choices: z.array(z.string().min(1)).min(2).max(26),
  answer: z.number().int().min(0),
  subject: z.string().optional(),
});

type HeldOutRecord = z.infer<typeof record> & { readonly where: string };

/** Which of the sets that the paper holds out are evaluated. */
export const heldOutOptions = z.strictObject({
  root: filePath().describe('Folder of NAME.jsonl (scored) and NAME.fewshot.jsonl (demonstrations).'),
  sets: z
    .array(z.enum(names))
    .min(1)
    .refine(distinctNames, 'expected each name once')
    .default(names)
    .describe('The sets in their order.'),
  maxTest: z.number().int().min(1).optional().describe('Scores the first questions of every set only.'),
});

export type HeldOutOptions = z.infer<typeof heldOutOptions>;

/** The files of the sets that the options name. */
export function heldOutSources(options: HeldOutOptions | undefined): DataSource[] {
  if (!options) return [];
  const files = options.sets.flatMap((name) => Object.values(filesOf(name)));
  return [{ folder: options.root, files, from: 'the repositories of the held-out sets' }];
}

/** The sets that the options name, none where there are no options. @throws PalimpsestError DATA_* */
export async function heldOutSets(reader: DataReader, options: HeldOutOptions | undefined): Promise<EvaluationSet[]> {
  const sets: EvaluationSet[] = [];
  for (const name of options?.sets ?? []) {
    const examples = async (file: string) => asked(name, await reader.lines(join(options?.root ?? '', file)));
    const { scored, shown } = filesOf(name);
    const items = reader.notices.first(options?.maxTest, await examples(scored), { option: 'maxTest', of: name });
    sets.push({ name, items, demonstrations: await examples(shown) });
  }
  return sets;
}

const filesOf = (name: HeldOutName) => ({ scored: `${name}.jsonl`, shown: `${name}.fewshot.jsonl` });

function asked(name: HeldOutName, lines: readonly DataLine[]): TextExample[] {
  const records = lines.map(checkedRecord);
  return (severalSubjects.includes(name) ? subjectsByTurns(records) : records).map((one) => {
    const { prompt, choices, bare } = heldOutTemplates[name](one);
    const answers = choices.map((choice) => ` ${choice}`);
    const knowledge = { prompt: bare.question, choices: bare.choices.map((choice) => ` ${choice}`) };
    return { prompt, answer: answers[one.answer], choices: answers, knowledge, where: one.where };
  });
}

function checkedRecord(line: DataLine): HeldOutRecord {
  const form = '{"id": text, "question": text, "choices": [text, ...], "answer": index, "subject"?: text}';
  const value = lineValue(line, record, form);
  if (value.answer >= value.choices.length) {
    const expected = `an answer from 0 to ${value.choices.length - 1}`;
    throw problem('DATA_LINE', { where: line.where, expected, got: `${value.answer}` });
  }
  return { ...value, where: line.where };
}

/** The first record of every subject, then the second of every subject, and so on: any beginning has them all alike. */
function subjectsByTurns(records: readonly HeldOutRecord[]): HeldOutRecord[] {
  const counts = new Map<string, number>();
  const turns = records.map((one) => {
    const turn = counts.get(one.subject ?? '') ?? 0;
    counts.set(one.subject ?? '', turn + 1);
    return { one, turn };
  });
  return turns.sort((a, b) => a.turn - b.turn).map(({ one }) => one);
}
