import { type MetricName, optionLetters } from '../../core/index.js';

/** What is particular to a task. */
export interface TraceTask {
  /** Passes over the training samples in the paper, and in TRACE for the two tasks that the paper leaves out. */
  readonly epochs: number;
  /** The letters that a question is answered with; left out where answers are text. */
  readonly letters?: (prompt: string) => string[];
  /** What the task is scored by; left out: the likelihood of the letters, else `exact`. */
  readonly metric?: MetricName;
}

const threeLetters = () => ['A', 'B', 'C'];

export const traceTasks = {
  'C-STANCE': { epochs: 5, letters: threeLetters },
  FOMC: { epochs: 3, letters: threeLetters },
  MeetingBank: { epochs: 7, metric: 'rougeLUnion' },
  Py150: { epochs: 5, metric: 'editSimilarity' },
  ScienceQA: { epochs: 3, letters: listedLetters },
  'NumGLUE-cm': { epochs: 5 },
  'NumGLUE-ds': { epochs: 5 },
  '20Minuten': { epochs: 7, metric: 'rougeLUnion' },
} as const satisfies Record<string, TraceTask>;

export type TraceTaskName = keyof typeof traceTasks;

/** Every task, the paper's six first and in its order. */
export const taskNames = Object.keys(traceTasks) as [TraceTaskName, ...TraceTaskName[]];

/** The paper's sequence. */
export const paperOrder = taskNames.slice(0, 6);

/** The letters of the options that a prompt of ScienceQA lists after `Choices:`. */
function listedLetters(prompt: string): string[] {
  const options = prompt.slice(prompt.lastIndexOf('\nChoices:\n') + 1);
  return optionLetters(options, 'A', '. ');
}
