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
  /** The same as a bare question with answers in full. */
  readonly bare: Question;
}

/** The sets that the paper holds out, each by the template that the lm-evaluation-harness has for it. */
export const heldOutTemplates = {
  hellaswag: ({ question, choices }) => {
    const bare = { question: withoutMarks(question), choices: choices.map(withoutMarks) };
    return { prompt: bare.question, choices: bare.choices, bare };
  },
  arc_challenge: ({ question, choices }) => {
    const bare = { question: question.trim(), choices };
    return { prompt: `Question: ${bare.question}\nAnswer:`, choices, bare };
  },
  commonsense_qa: (question) => byLetter(question, 'Question: '),
  mmlu_social: (question) => byLetter(question, ''),
} satisfies Record<string, (question: Question) => AskedQuestion>;

export type HeldOutName = keyof typeof heldOutTemplates;

function byLetter({ question, choices }: Question, before: string): AskedQuestion {
  const letters = choices.map((_, i) => letterAfter('A', i));
  const options = choices.map((choice, i) => `${letters[i]}. ${choice}\n`).join('');
  const bare = { question: question.trim(), choices };
  return { prompt: `${before}${bare.question}\n${options}Answer:`, choices: letters, bare };
}

/** A text without the marks of HellaSwag's WikiHow part: `[title]` becomes a full stop, whatever precedes; others go. */
function withoutMarks(text: string): string {
  return text
    .replace(/ \[title\]/g, '. ')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/ {2,}/g, ' ')
    .trim();
}
