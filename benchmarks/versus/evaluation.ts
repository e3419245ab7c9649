import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TokenPair } from '../../core/evaluation/context-table.js';
import type { Tokenizer } from '../../core/index.js';
import { encodePair } from '../../core/text/examples.js';
import { openTokenizer } from '../../core/text/tokenizer.js';
import { findModel } from '../../core/weights/model-files.js';
import { largestDifference, median, megabytes, rounded, spread } from '../figures.js';
import type { Side } from './protocol.js';
import { type QuestionSet, questionSets } from './questions.js';
import { greetings, ours, theirs, type VersusSettings, withSides } from './sides.js';
import { takeTurns } from './turns.js';

/** What both sides read: continuations after contexts, question by question and choice by choice. */
export interface PairSet {
  readonly name: string;
  readonly choices: number;
  readonly pairs: readonly TokenPair[];
}

export interface EvaluationRequest {
  /** A set's name. */
  readonly set: string;
  /** Theirs only: whether rows of equal tokens are run once, as the harness does for one-token choices. */
  readonly once?: boolean;
}

export interface EvaluationAnswer {
  readonly seconds: number;
  /** In nats, pair by pair. */
  readonly logLikelihoods: readonly number[];
  /** Bytes of resident memory at the peak, where the system tells. */
  readonly peak?: number;
}

/** By which log-likelihoods in float32 may differ, in nats. */
const TOLERANCE = 1e-3;
const OURS = 'ours';

/** 10-shot multiple choice, from token ids to log-likelihoods, against the way of lm-evaluation-harness's HF model. */
export async function versusEvaluation(settings: VersusSettings) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'versus-'));
  try {
    const files = await findModel('smollm2-135m-instruct', { folder: settings.folder });
    const tokenizer = await openTokenizer(files);
    const wanted = ({ name }: QuestionSet) => settings.sets.length === 0 || settings.sets.includes(name);
    const sets = questionSets(settings.folder, settings.items)
      .filter(wanted)
      .map((set) => encoded(set, tokenizer));
    const pairsFile = path.join(scratch, 'pairs.json');
    writeFileSync(pairsFile, JSON.stringify(sets));
    const commands = [
      ours(settings, OURS, 'evaluation-side', ['--pairs', pairsFile]),
      theirs(settings, 'PyTorch', 'harness_likelihood.py', [files.path, pairsFile]),
    ];
    return await withSides(commands, async (sides) => {
      const found = [];
      for (const set of sets) found.push(await compareOn(set, sides, settings));
      return {
        rows: found.flatMap(({ rows }) => rows),
        more: { sides: greetings(sides), items: settings.items, slowRounds: settings.slowRounds },
        checks: Object.assign({}, ...found.map(({ checks }) => checks)) as Record<string, boolean>,
      };
    });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function encoded({ name, questions }: QuestionSet, tokenizer: Tokenizer): PairSet {
  const pairs = questions.flatMap(({ prompt, choices }) =>
    choices.map((choice) => {
      const pair = encodePair(prompt, choice, tokenizer);
      return { context: pair.prompt, continuation: pair.continuation };
    }),
  );
  return { name, choices: questions[0].choices.length, pairs };
}

async function compareOn(set: PairSet, [our, their]: readonly Side[], { rounds, slowRounds }: VersusSettings) {
  const one = set.pairs.every(({ continuation }) => continuation.length === 1);
  const ask = (side: Side, once?: boolean) => () => side.ask<EvaluationAnswer>({ set: set.name, once });
  const slow = Math.min(slowRounds, rounds);
  const turns = [
    { name: OURS, take: ask(our) },
    { name: 'PyTorch, a row for every choice', take: ask(their), rounds: slow },
    ...(one ? [{ name: 'PyTorch, equal rows once', take: ask(their, true), rounds: slow }] : []),
  ];
  await our.ask({ set: set.name });
  const answers = await takeTurns(turns, rounds);
  return { rows: evaluationRows(set, answers), checks: agreement(set, answers) };
}

/** The table's rows of one set. */
export function evaluationRows(set: PairSet, answers: ReadonlyMap<string, readonly EvaluationAnswer[]>): object[] {
  const tokens = set.pairs.reduce((sum, pair) => sum + pair.context.length + pair.continuation.length, 0);
  const middle = (given: readonly EvaluationAnswer[]) => median(given.map(({ seconds }) => seconds));
  const unit = middle(answers.get(OURS) ?? []);
  return [...answers].map(([side, given]) => ({
    set: set.name,
    side,
    items: set.pairs.length / set.choices,
    rounds: given.length,
    ...spread(given.map(({ seconds }) => seconds)),
    'x ours': rounded(middle(given) / unit),
    'items/s': rounded(set.pairs.length / set.choices / middle(given)),
    'tokens a row': Math.round(tokens / set.pairs.length),
    'peak MB': megabytes(given[given.length - 1].peak),
  }));
}

/** Whether each side gives our log-likelihoods, and chooses as we do. */
export function agreement(
  { name, choices }: PairSet,
  answers: ReadonlyMap<string, readonly EvaluationAnswer[]>,
): Record<string, boolean> {
  const [[, own], ...others] = [...answers].map(([side, given]) => [side, given[0].logLikelihoods] as const);
  const checks = others.map(([side, values]): [string, boolean] => {
    const difference = largestDifference(own, values);
    const [a, b] = [chosen(own, choices), chosen(values, choices)];
    const same = a.filter((choice, i) => choice === b[i]).length;
    const what = `${name}, ${side}: ${same} of ${a.length} choices, log-likelihoods ${difference.toExponential(1)} from ours`;
    return [what, difference <= TOLERANCE && same === a.length];
  });
  return Object.fromEntries(checks);
}

/** Index of the most likely choice, question by question. */
export function chosen(logLikelihoods: readonly number[], choices: number): number[] {
  return Array.from({ length: logLikelihoods.length / choices }, (_, i) => {
    const own = logLikelihoods.slice(i * choices, (i + 1) * choices);
    return own.indexOf(Math.max(...own));
  });
}
