import type { Task } from '../contracts/benchmark.js';

const prompts = ['fb', 'kcd', 'mg', 'pqi', 'rl', 'sno', 'tuq', 'vx'];

const shifted = (letter: string, by: number): string => String.fromCharCode(letter.charCodeAt(0) + by);

/** Answers every prompt with the letter `by` places after its last one. */
function shiftTask(name: string, by: number): Task {
  const items = prompts.map((prompt) => ({ prompt, answer: shifted(prompt[prompt.length - 1], by) }));
  return { name, train: items, test: { name, items, demonstrations: [] }, epochs: 8 };
}

/**
 * Two tasks that interfere on purpose, for the toy tokenizer: the same prompts, the letter after the last one as answer in
 * the first task, the letter before it in the second. Learning the second overwrites the first.
 */
export const toyTasks: readonly Task[] = [shiftTask('next-letter', 1), shiftTask('previous-letter', -1)];
