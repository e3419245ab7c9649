import type { EvaluationSet, TextExample } from '../contracts/benchmark.js';
import { problem } from '../errors.js';
import type { AnswerEnd } from '../text/examples.js';
import type { LengthLimits } from '../text/limits.js';
import { shotGroups } from '../text/prompts.js';
import { ContextTable, type ScorePlace, scoreAt } from './context-table.js';
import { type ContextResult, runContexts } from './contexts.js';
import { type EncodedItem, encodeItem } from './encode-item.js';
import { answerEnds } from './generation.js';
import { compareChoices, metricsOf, type Prediction } from './metrics.js';
import type { BatchSettings, Model } from './model.js';
import { type Asks, asksOf, type Measure } from './set-metric.js';
import { compareTexts } from './text-metrics.js';

export type { Prediction } from './metrics.js';
export type { Model } from './model.js';
export type { Measure } from './set-metric.js';

/** Characters of a prompt that a prediction keeps. */
const PROMPT_TAIL = 200;

export interface EvaluationOptions extends LengthLimits, BatchSettings {
  /** Number of demonstrations. */
  readonly shots: number;
  /**
   * What is measured beside a set's own metric. `likelihood` needs choices: a set without any is measured by `exact` instead,
   * so that every set has a score.
   */
  readonly by: readonly Measure[];
  /**
   * Greedy answers end at EOS, at a newline, or at maxOutputTokens. With `eos` a set whose answers span lines is read on
   * to EOS.
   */
  readonly answerEnd: AnswerEnd;
}

export interface SetResult {
  /** By the names of core/evaluation/metrics.ts. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly predictions: Prediction[];
  /** Items whose prompt lost its middle, and items one of whose answers or choices lost its end. */
  readonly truncated: { readonly prompts: number; readonly answers: number };
  readonly seconds: number;
}

/** What was asked of the model for one item, and where the answers will stand. */
interface AskedItem {
  readonly index: number;
  readonly encoded: EncodedItem;
  readonly firstToken: ScorePlace;
  readonly choices: readonly ScorePlace[];
  readonly generated?: number;
}

/**
 * Scores a set N-shot; undefined where demonstrations are asked for and the set has none. The demonstrations run once, each
 * prompt once: choices and greedy text go on from its keys and values. The same at every batch size.
 * @throws PalimpsestError DATA_TOO_LONG, DATA_LINE, TOKENS_TOO_LONG
 */
export async function evaluateSet(
  model: Model,
  set: EvaluationSet,
  options: EvaluationOptions,
): Promise<SetResult | undefined> {
  if (options.shots > 0 && set.demonstrations.length === 0) return undefined;
  const start = performance.now();
  const asks = asksOf(set, options.by);
  const items: AskedItem[] = [];
  const predictions: Prediction[] = [];
  for (const group of shotGroups(set, options.shots)) {
    const table = new ContextTable();
    const asked = group.items.map((index) =>
      askItem(model, { set, index, prefix: group.prefix, options, asks, table }),
    );
    const generation = {
      maxTokens: options.maxOutputTokens,
      ends: answerEnds(model.tokenizer, endsAtNewline(set, options)),
    };
    const results = await runContexts(model, table.contexts, { ...options, generation });
    items.push(...asked);
    predictions.push(...asked.map((item) => predict(model, { set, options, item, results })));
  }
  predictions.sort((a, b) => a.item - b.item);
  return {
    metrics: metricsOf(predictions) as Record<string, number>,
    predictions,
    truncated: {
      prompts: items.filter(({ encoded }) => encoded.truncatedPrompt).length,
      answers: items.filter(({ encoded }) => encoded.truncatedAnswer).length,
    },
    seconds: (performance.now() - start) / 1000,
  };
}

function endsAtNewline({ items }: EvaluationSet, { answerEnd }: EvaluationOptions): boolean {
  return answerEnd === 'newline' || !items.some(({ answer }) => answer.trim().includes('\n'));
}

interface ItemRequest {
  readonly set: EvaluationSet;
  readonly index: number;
  readonly prefix: string;
  readonly options: EvaluationOptions;
  readonly asks: Asks;
  readonly table: ContextTable;
}

function askItem({ backbone, tokenizer }: Model, { set, index, prefix, options, asks, table }: ItemRequest): AskedItem {
  const item = set.items[index];
  const where = item.where ?? `set "${set.name}", item ${index + 1}`;
  if (asks.choices) checkChoices(item, where);
  const { maxPositions } = backbone.sizes;
  const asked = asks.choices ? item : { ...item, choices: undefined };
  const encoded = encodeItem(asked, { prefix, tokenizer, limits: options, maxPositions, where });
  return {
    index,
    encoded,
    firstToken: table.score(encoded.firstToken),
    choices: encoded.choices.map((pair) => table.score(pair)),
    generated: asks.text ? table.generate(encoded.prompt) : undefined,
  };
}

function checkChoices({ choices, answer }: TextExample, where: string): void {
  if (!choices || choices.includes(answer)) return;
  throw problem('DATA_LINE', { where, expected: 'the answer among the choices', got: JSON.stringify(answer) });
}

interface Answered {
  readonly set: EvaluationSet;
  readonly options: EvaluationOptions;
  readonly item: AskedItem;
  readonly results: readonly ContextResult[];
}

function predict({ tokenizer }: Model, { set, options, item, results }: Answered): Prediction {
  const { prompt, answer, choices } = set.items[item.index];
  const first = scoreAt(results, item.firstToken);
  const scores = item.choices.map((place) => scoreAt(results, place));
  const generated = item.generated === undefined ? undefined : results[item.generated].generated;
  const raw = generated && tokenizer.decode(generated.tokens, { skipSpecial: true });
  const text = raw && (endsAtNewline(set, options) ? raw.split('\n')[0] : raw);
  return {
    set: set.name,
    shots: options.shots,
    item: item.index,
    prompt: prompt.slice(-PROMPT_TAIL),
    answer,
    ...(text === undefined ? {} : { generated: text, ...compareTexts(text, answer, set.metric) }),
    firstTokenCorrect: first.greedy,
    firstTokenLogProbability: first.sum,
    ...(choices && scores.length > 0
      ? {
          choices,
          scored: compareChoices(
            choices,
            scores.map(({ sum }) => sum),
            scores.map(({ tokens }) => tokens.length),
          ),
        }
      : {}),
  };
}
