/** A worked example as text: the answer is appended to the prompt as it stands. */
export interface TextExample {
  readonly prompt: string;
  readonly answer: string;
  /** Candidate answers, for choice likelihood; the right one equals `answer`. */
  readonly choices?: readonly string[];
  /** The bare question behind it, and its answers as plain text, in the order of `choices`. */
  readonly knowledge?: { readonly prompt: string; readonly choices: readonly string[] };
  /** Where it stands, for messages: `path:line` or `path, item number`. */
  readonly where?: string;
}

/** A worked example as token ids; labels[i] belongs to tokens[i], unshifted, -100 for no loss. */
export interface TokenExample {
  readonly tokens: readonly number[];
  readonly labels: readonly number[];
  /** Where it stands, for messages: `path:line`. */
  readonly where?: string;
}

export type Example = TextExample | TokenExample;

/** Names of what can be measured of a set; core/evaluation/metrics.ts tells what each one means. */
export type MetricName =
  | 'exact'
  | 'rougeLUnion'
  | 'rougeLStemmed'
  | 'editSimilarity'
  | 'firstTokenAccuracy'
  | 'firstTokenLogProbability'
  | 'choiceAccuracySum'
  | 'choiceAccuracyPerToken'
  | 'choiceAccuracyPerByte'
  | 'macroF1';

/** Something that is scored. */
export interface EvaluationSet {
  readonly name: string;
  readonly items: readonly TextExample[];
  /**
   * The metric that stands for the set in matrix, figures and tables, measured whatever else is; by default the likelihood sum
   * of choices where it is measured, else `exact`, else the first token's accuracy.
   */
  readonly metric?: MetricName;
  /** Demonstrations for N-shot prompts, in order; empty: this set is scored zero-shot only. */
  readonly demonstrations: readonly TextExample[];
}

/** One task of the sequence. */
export interface Task {
  readonly name: string;
  readonly train: readonly Example[];
  /** What the score matrix measures; undefined: trained, not scored. */
  readonly test?: EvaluationSet;
  /**
   * Samples that are neither trained on nor scored, for the N-shot prompts by which methods measure the model; undefined
   * for none.
   */
  readonly validation?: readonly TextExample[];
  /** Passes over `train`. */
  readonly epochs: number;
}

/** A file that the benchmark read. */
export interface DataFile {
  readonly path: string;
  readonly sha256: string;
  readonly items: number;
}

/** A stream of tasks and the sets that are only evaluated. */
export interface Benchmark {
  /** Reads and validates everything. @throws PalimpsestError DATA_* naming file and line. Called once, before training. */
  load(): Promise<BenchmarkData>;
}

export interface BenchmarkData {
  readonly tasks: readonly Task[];
  readonly heldOut: readonly EvaluationSet[];
  readonly files: readonly DataFile[];
  /** What a user should know of the data, a line each: a run warns of it before it trains. */
  readonly notices?: readonly string[];
  /** What ends a trained and a generated answer. */
  readonly answerEnd: 'eos' | 'newline';
}
