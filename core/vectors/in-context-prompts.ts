import type { TextExample } from '../contracts/benchmark.js';
import type { Tokenizer } from '../contracts/tokenizer.js';
import { encodePair } from '../text/examples.js';
import { demonstrationText } from '../text/prompts.js';
import type { RandomStream } from '../training/random.js';

/** An N-shot prompt, and what should follow it. */
export interface InContextPrompt {
  readonly tokens: readonly number[];
  /** Tokens of the right answer, at least one. */
  readonly answer: readonly number[];
}

export interface InContextSettings {
  /** Number of prompts; fewer where there are not enough samples. */
  readonly prompts: number;
  /** Demonstrations before each. */
  readonly shots: number;
  /** Sets of demonstrations drawn; each serves an equal part of the prompts. */
  readonly demonstrationSets: number;
  /** Longest prompt in tokens: those that do not fit have fewer demonstrations. */
  readonly maxTokens: number;
  /**
   * Whether each demonstration has its own answer, or they have each other's, permuted for every prompt by itself, so that
   * they show the form and not the task. Default `own`.
   */
  readonly answers?: 'own' | 'shuffled';
}

/**
 * N-shot prompts of samples of one task: for each set its demonstrations are drawn from the samples, and its questions from the
 * others. A sample is asked for at most once in a set.
 */
export function inContextPrompts(
  samples: readonly TextExample[],
  { prompts, shots, demonstrationSets, maxTokens, answers = 'own' }: InContextSettings,
  tokenizer: Tokenizer,
  stream: RandomStream,
): InContextPrompt[] {
  const sets = Math.min(demonstrationSets, prompts);
  return Array.from({ length: sets }, (_, set) => {
    const wanted = Math.floor(((set + 1) * prompts) / sets) - Math.floor((set * prompts) / sets);
    const drawn = stream.shuffle(samples);
    const demonstrations = drawn.slice(0, Math.min(shots, drawn.length - 1));
    const shown = new Set(demonstrations.map(({ prompt }) => prompt));
    const questions = drawn.slice(demonstrations.length).filter(({ prompt }) => !shown.has(prompt));
    const shownTo = () => (answers === 'own' ? demonstrations : shuffledAnswers(demonstrations, stream));
    const limits = { least: answers === 'own' ? 0 : 2, maxTokens };
    return questions.slice(0, wanted).flatMap((question) => promptOf(shownTo(), question, tokenizer, limits));
  }).flat();
}

/** The same demonstrations, each with the answer of one that was drawn. */
export function shuffledAnswers(demonstrations: readonly TextExample[], stream: RandomStream): TextExample[] {
  const answers = stream.shuffle(demonstrations.map(({ answer }) => answer));
  return demonstrations.map((demonstration, i) => ({ ...demonstration, answer: answers[i] }));
}

/** How long a prompt may be, and how few demonstrations it may have: shuffled answers take two. */
export interface PromptLimits {
  readonly maxTokens: number;
  readonly least: number;
}

/** The prompt with as many demonstrations as fit; none where too few do, or the question has no answer of its own. */
export function promptOf(
  demonstrations: readonly TextExample[],
  { prompt, answer }: TextExample,
  tokenizer: Tokenizer,
  { maxTokens, least }: PromptLimits,
): InContextPrompt[] {
  for (let shots = demonstrations.length; shots >= least; shots--) {
    const pair = encodePair(demonstrationText(demonstrations.slice(0, shots)) + prompt, answer, tokenizer);
    const fits = pair.prompt.length > 0 && pair.prompt.length <= maxTokens && pair.continuation.length > 0;
    if (fits) return [{ tokens: pair.prompt, answer: pair.continuation }];
  }
  return [];
}
