import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { TextExample } from '../../core/index.js';
import { type RandomStream, seededRandom } from '../../core/index.js';
import { demonstrationText } from '../../core/text/prompts.js';

/** A set of multiple-choice questions, each behind the text of its demonstrations. */
export interface QuestionSet {
  readonly name: string;
  readonly questions: readonly Question[];
}

export interface Question {
  /** Demonstrations and the question. */
  readonly prompt: string;
  readonly choices: readonly string[];
}

const SHOTS = 10;
const CHOICES = 4;

/**
 * Questions on plurals in capital letters, from examples/data, 10-shot: with choices of several tokens, with letters for them, and
 * with demonstrations drawn for each question by itself. Same seed, same questions.
 * @param folder benchmarks/, absolute @param items questions of each set, at most 200
 */
export function questionSets(folder: string, items: number): QuestionSet[] {
  const file = path.join(folder, '..', 'examples', 'data', 'plural-upper.train.jsonl');
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const stream = seededRandom(1).stream('versus/evaluation');
  const asked = withChoices(
    lines.map((line) => JSON.parse(line) as TextExample),
    stream,
  );
  const [demonstrations, questions] = [asked.slice(0, SHOTS), asked.slice(SHOTS, SHOTS + items)];
  const others = asked.slice(SHOTS + items);
  const drawn = questions.map(() => stream.shuffle([...demonstrations, ...others]).slice(0, SHOTS));
  return [
    { name: 'words', questions: behind(questions, () => demonstrations) },
    { name: 'letters', questions: behind(questions.map(byLetter), () => demonstrations.map(byLetter)) },
    { name: 'words, own demonstrations', questions: behind(questions, (i) => drawn[i]) },
  ];
}

/** Each with the answers of three others beside its own, in random order. */
function withChoices(examples: readonly TextExample[], stream: RandomStream): TextExample[] {
  const answers = [...new Set(examples.map(({ answer }) => answer))];
  return examples.map((example) => {
    const wrong = stream.shuffle(answers.filter((answer) => answer !== example.answer)).slice(0, CHOICES - 1);
    return { ...example, choices: stream.shuffle([example.answer, ...wrong]) };
  });
}

/** The choices listed in the question, and their letters to choose from. */
function byLetter({ prompt, answer, choices = [] }: TextExample): TextExample {
  const letters = choices.map((_, i) => ` ${'ABCD'[i]}`);
  const listed = choices.map((choice, i) => `${'ABCD'[i]}.${choice}\n`).join('');
  return {
    prompt: `${prompt.replace(/A:$/, '')}${listed}Answer:`,
    answer: letters[choices.indexOf(answer)],
    choices: letters,
  };
}

function behind(questions: readonly TextExample[], demonstrations: (i: number) => readonly TextExample[]): Question[] {
  return questions.map(({ prompt, choices = [] }, i) => ({
    prompt: demonstrationText(demonstrations(i)) + prompt,
    choices,
  }));
}
