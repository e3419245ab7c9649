import { letterAfter } from './samples.js';

/** A question with its candidate answers. */
export interface Question {
  readonly question: string;
  readonly choices: readonly string[];
}

/** A question as a prompt, and its candidate answers as what follows it, behind a blank. */
export interface AskedQuestion {
  readonly prompt: string;
  readonly choices: readonly string[];
}

/** The sets that the paper holds out, each by the template that the lm-evaluation-harness has for it. */
export const heldOutTemplates = {
  hellaswag: ({ question, choices }) => ({ prompt: withoutMarks(question), choices: choices.map(withoutMarks) }),
  arc_challenge: ({ question, choices }) => ({ prompt: `Question: ${question.trim()}\nAnswer:`, choices }),
  commonsense_qa: (question) => byLetter(question, 'Question: '),
  mmlu_social: (question) => byLetter(question, ''),
} satisfies Record<string, (question: Question) => AskedQuestion>;

export type HeldOutName = keyof typeof heldOutTemplates;

function byLetter({ question, choices }: Question, before: string): AskedQuestion {
  const letters = choices.map((_, i) => letterAfter('A', i));
  const options = choices.map((choice, i) => `${letters[i]}. ${choice}\n`).join('');
  return { prompt: `${before}${question.trim()}\n${options}Answer:`, choices: letters };
}

/** A text without the marks of HellaSwag's WikiHow part: `[title]` becomes a full stop, whatever precedes; others go. */
function withoutMarks(text: string): string {
  return text
    .replace(/ \[title\]/g, '. ')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/ {2,}/g, ' ')
    .trim();
}
