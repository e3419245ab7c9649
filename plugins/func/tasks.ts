/** What is particular to a task. */
interface FuncTask {
  readonly file: string;
  /** A line before every question. */
  readonly instruction: string;
  /** Whether the input ends with options `a:`, `b:`, .. of which the output is one. */
  readonly options?: true;
}

/** The paper's sequence, in its order. The instructions are ours: the paper's are not in its text. */
export const funcTasks = {
  'Verb-Spanish': {
    file: 'verb_v_adjective_5_spanish.json',
    instruction: 'Find the verb in the list and translate it into Spanish.',
  },
  'Last-Spanish': {
    file: 'choose_last_of_5_spanish.json',
    instruction: 'Translate the last word of the list into Spanish.',
  },
  'Sentiment-mc': {
    file: 'sentiment_mc.json',
    instruction: 'Choose the sentiment of the text from the options and answer with its letter.',
    options: true,
  },
  'Object-Spanish': {
    file: 'object_v_concept_5_spanish.json',
    instruction: 'Find the object in the list and translate it into Spanish.',
  },
  'Alphabetically-Capital': {
    file: 'alphabetically_last_5_capital.json',
    instruction: 'Find the word of the list that comes last in the alphabet and write it with a capital letter.',
  },
  'AGNews-mc': {
    file: 'ag_news_mc.json',
    instruction: 'Choose the topic of the news from the options and answer with its letter.',
    options: true,
  },
} as const satisfies Record<string, FuncTask>;

export type FuncTaskName = keyof typeof funcTasks;
export type FuncFile = (typeof funcTasks)[FuncTaskName]['file'];

export const taskNames = Object.keys(funcTasks) as [FuncTaskName, ...FuncTaskName[]];
