/** The categories of O-LoRA's CL_Benchmark, and the tasks in each. */
const categories = {
  SC: ['yelp', 'amazon', 'IMDB', 'SST-2'],
  TC: ['dbpedia', 'agnews', 'yahoo'],
  NLI: ['MNLI', 'CB', 'RTE'],
  QQP: ['QQP'],
  BoolQA: ['BoolQA'],
  MultiRC: ['MultiRC'],
  WiC: ['WiC'],
  COPA: ['COPA'],
} as const;

export type Category = keyof typeof categories;
export type LongTaskName = (typeof categories)[Category][number];

/** The sequences of O-LoRA; `long` is the paper's as well. */
export const orders = {
  long: [
    'yelp',
    'amazon',
    'MNLI',
    'CB',
    'COPA',
    'QQP',
    'RTE',
    'IMDB',
    'SST-2',
    'dbpedia',
    'agnews',
    'yahoo',
    'MultiRC',
    'BoolQA',
    'WiC',
  ],
  order1: ['dbpedia', 'amazon', 'yahoo', 'agnews'],
  order2: ['dbpedia', 'amazon', 'agnews', 'yahoo'],
  order3: ['yahoo', 'amazon', 'agnews', 'dbpedia'],
} as const satisfies Record<string, readonly LongTaskName[]>;

/** The folder in which a task's folder lies; it names the kind of task in prompts. */
export function categoryOf(name: LongTaskName): Category {
  const entries = Object.entries(categories) as [Category, readonly LongTaskName[]][];
  return (entries.find(([, names]) => names.includes(name)) as [Category, unknown])[0];
}
