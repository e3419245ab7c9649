/*
 * Seconds to tokenize the pages of docs/ and the lines of examples/data with SmolLM2's tokenizer, in turn with Hugging Face's `tokenizers`
 * in Python, text by text. Exit status 1 where the ids differ.
 *
 *     node benchmarks/run.js tokenizing [--rounds 9] [--python .venv/bin/python] [--alone]
 *
 * With --alone there is no other side. The figures go to results/tokenizing-<engine>.json; no engine computes anything here.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { useEngine } from '../core/engine/engine.js';
import type { Tokenizer } from '../core/index.js';
import { openTokenizer } from '../core/text/tokenizer.js';
import { findModel } from '../core/weights/model-files.js';
import { writeResult } from './alternating.js';
import { commandOf, comparison, rounded } from './figures.js';
import { Side, type SideCommand } from './versus/protocol.js';
import { defaultPython } from './versus/sides.js';
import { type Turn, takeTurns } from './versus/turns.js';

interface TokenizingAnswer {
  readonly seconds: number;
  readonly ids: readonly (readonly number[])[];
}

/** @param folder benchmarks/, absolute */
export async function main(args: string[], folder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '9' },
      python: { type: 'string', default: defaultPython(folder) },
      alone: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds);
  const scratch = mkdtempSync(path.join(tmpdir(), 'tokenizing-'));
  try {
    const files = await findModel('smollm2-135m-instruct', { folder });
    const given = texts(path.join(folder, '..'));
    const file = path.join(scratch, 'texts.json');
    writeFileSync(file, JSON.stringify(given));
    const script = path.join(folder, 'versus', 'tokenize_texts.py');
    const theirs = { name: 'tokenizers (Python)', command: values.python, args: [script, files.path, file] };
    const answers = await measure(ourTurn(await openTokenizer(files), given), values.alone ? [] : [theirs], rounds);
    const rows = tokenizingRows(answers, given);
    console.table(rows);
    if (rows.some((row) => row['texts that differ'] > 0)) process.exitCode = 1;
    const command = commandOf('tokenizing', args);
    writeResult(folder, { suite: 'tokenizing', engine: await useEngine('auto'), rounds, command, rows });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function texts(root: string): string[] {
  const within = (name: string, ending: string) =>
    readdirSync(path.join(root, name), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith(ending))
      .sort()
      .map((file) => readFileSync(path.join(root, name, file), 'utf8'));
  const lines = within('examples/data', '.jsonl').flatMap((file) => file.trimEnd().split('\n'));
  return [...within('docs', '.md'), ...lines.map((line) => String(JSON.parse(line).prompt))];
}

function ourTurn(tokenizer: Tokenizer, given: readonly string[]): Turn<TokenizingAnswer> {
  const take = async () => {
    const start = performance.now();
    const ids = given.map((text) => tokenizer.encode(text, { bos: false }));
    return { seconds: (performance.now() - start) / 1000, ids };
  };
  return { name: 'ours', take };
}

/** The first round warms both sides up. */
async function measure(
  our: Turn<TokenizingAnswer>,
  others: readonly SideCommand[],
  rounds: number,
): Promise<Map<string, TokenizingAnswer[]>> {
  const sides: Side[] = [];
  try {
    for (const other of others) sides.push(await Side.start(other));
    const turns = sides.map((side) => ({ name: side.name, take: () => side.ask<TokenizingAnswer>({}) }));
    const answers = await takeTurns([our, ...turns], rounds + 1);
    return new Map([...answers].map(([name, [, ...rest]]) => [name, rest]));
  } finally {
    for (const side of sides) await side.stop();
  }
}

/** Speeds, and how many texts a side gives other ids for than we do. */
function tokenizingRows(answers: ReadonlyMap<string, readonly TokenizingAnswer[]>, given: readonly string[]) {
  const own = answers.get('ours')?.[0].ids ?? [];
  const megabytes = given.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0) / 1e6;
  const tokens = own.reduce((sum, ids) => sum + ids.length, 0);
  const seconds = new Map([...answers].map(([name, all]) => [name, all.map((answer) => answer.seconds)]));
  return comparison(seconds, 'side', 'ours').map((row) => ({
    ...row,
    'MB/s': rounded(megabytes / row.median),
    'tokens/s': Math.round(tokens / row.median),
    'texts that differ': (answers.get(String(row.side))?.[0].ids ?? []).filter((ids, i) => ids.join() !== own[i].join())
      .length,
  }));
}
