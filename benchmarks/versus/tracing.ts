import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { seededRandom, type TextExample, type Tokenizer } from '../../core/index.js';
import { encodePair } from '../../core/text/examples.js';
import { demonstrationText } from '../../core/text/prompts.js';
import { openTokenizer } from '../../core/text/tokenizer.js';
import { findModel } from '../../core/weights/model-files.js';
import { openWeights } from '../../core/weights/open.js';
import { sizesOf } from '../../plugins/llama/architecture.js';
import { largestDifference, median, rounded, spread } from '../figures.js';
import { greetings, ours, theirs, type VersusSettings, withSides } from './sides.js';
import { takeTurns } from './turns.js';

/** What both sides read. */
export interface TracingInput {
  readonly tokens: readonly number[];
  /** The answer's first token. */
  readonly answer: number;
  /** [L * H * d_h] */
  readonly means: readonly number[];
}

export interface TracingAnswer {
  readonly seconds: number;
  /** P(answer) with a head's output replaced less P(answer), head by head [L * H]. */
  readonly effects: readonly number[];
}

const TOKENS = 125;
/** By which effects, differences of probabilities, may differ. */
const TOLERANCE = 1e-4;
const OURS = 'ours';

/** Causal tracing of all heads of one prompt, against a whole run of the model for every head. */
export async function versusTracing(settings: VersusSettings) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'versus-'));
  try {
    const files = await findModel('smollm2-135m-instruct', { folder: settings.folder });
    const source = await openWeights(files);
    const { layers, heads, headWidth } = sizesOf(source.config, source.tensors.values());
    await source.close();
    const means = seededRandom(1)
      .stream('versus/tracing')
      .fillUniform(new Float32Array(layers * heads * headWidth), -0.5, 0.5);
    const input: TracingInput = { ...prompt(settings.folder, await openTokenizer(files)), means: [...means] };
    const file = path.join(scratch, 'prompt.json');
    writeFileSync(file, JSON.stringify(input));
    const commands = [
      ours(settings, OURS, 'tracing-side', ['--prompt', file]),
      theirs(settings, 'PyTorch, a run for every head', 'head_loop.py', [files.path, file]),
    ];
    return await withSides(commands, async (sides) => {
      const [our, their] = sides.map((side) => ({ name: side.name, take: () => side.ask<TracingAnswer>({}) }));
      await our.take();
      const turns = [our, { ...their, rounds: Math.min(settings.slowRounds, settings.rounds) }];
      const answers = await takeTurns(turns, settings.rounds);
      return {
        rows: tracingRows(answers),
        more: { sides: greetings(sides), tokens: TOKENS, heads: layers * heads },
        checks: sameEffects(answers),
      };
    });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** The last tokens of a prompt with all demonstrations of a task. */
function prompt(folder: string, tokenizer: Tokenizer): Pick<TracingInput, 'tokens' | 'answer'> {
  const read = (name: string): TextExample[] =>
    readFileSync(path.join(folder, '..', 'examples', 'data', name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  const [question, ...others] = read('capitalize.jsonl');
  const shown = demonstrationText([...others.slice(0, 20), ...read('capitalize.shots.jsonl')]);
  const pair = encodePair(shown + question.prompt, question.answer, tokenizer);
  return { tokens: pair.prompt.slice(-TOKENS), answer: pair.continuation[0] };
}

/** The table's rows. */
export function tracingRows(answers: ReadonlyMap<string, readonly TracingAnswer[]>): object[] {
  const middle = (given: readonly TracingAnswer[]) => median(given.map(({ seconds }) => seconds));
  return [...answers].map(([side, given]) => ({
    side,
    rounds: given.length,
    ...spread(given.map(({ seconds }) => seconds)),
    'x ours': rounded(middle(given) / middle(answers.get(OURS) ?? [])),
  }));
}

function sameEffects(answers: ReadonlyMap<string, readonly TracingAnswer[]>): Record<string, boolean> {
  const [own, their] = [...answers.values()].map(([first]) => first.effects);
  const difference = largestDifference(own, their);
  const largest = largestDifference(
    own,
    own.map(() => 0),
  );
  const what = `${own.length} effects: ${difference.toExponential(1)} from ours; the largest is ${largest.toFixed(3)}`;
  return { [what]: difference <= TOLERANCE };
}
