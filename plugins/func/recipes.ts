import { join } from 'node:path';
import { capitalized, type DataReader, type Pair, readPairs } from '../../core/index.js';
import { answerTranslated, dictionary, lastTranslated, multipleChoice, type PairList } from './derivations.js';
import { PythonDraws } from './python-draws.js';
import type { FuncFile } from './tasks.js';

/** Pairs of a file, where there are more. */
const ITEMS = 1000;
/** The same of the news, of which 70 % are the paper's 1,500. */
const NEWS = 2143;
/** One stream of draws goes through all files. */
const SEED = 20240612;

const SPANISH = 'abstractive/english-spanish';

/** How a file is made of published lists. */
interface Recipe {
  readonly file: FuncFile;
  readonly lists: readonly string[];
  /** Whether it draws, so that what others draw depends on it. */
  readonly draws: boolean;
  /** @param lists in the order in which they are named */
  make(lists: readonly PairList[], draws: PythonDraws): Pair[];
}

const recipes: readonly Recipe[] = [
  {
    file: 'choose_last_of_5_spanish.json',
    lists: [SPANISH, ...['last', 'first', 'middle'].map((which) => `extractive/choose_${which}_of_5`)],
    draws: false,
    make: ([spanish, ...lists]) =>
      lastTranslated(
        lists.flatMap(({ pairs }) => pairs),
        dictionary(spanish),
      ).slice(0, ITEMS),
  },
  {
    file: 'alphabetically_last_5_capital.json',
    lists: ['extractive/alphabetically_last_5'],
    draws: false,
    make: ([{ pairs }]) => pairs.map(capitalized),
  },
  translated('object_v_concept_5'),
  translated('verb_v_adjective_5'),
  {
    file: 'ag_news_mc.json',
    lists: ['abstractive/ag_news'],
    draws: true,
    make: ([news], draws) => multipleChoice(news, ['World', 'Sports', 'Business', 'Science'], draws, NEWS),
  },
  {
    file: 'sentiment_mc.json',
    lists: ['abstractive/sentiment'],
    draws: true,
    make: ([texts], draws) => multipleChoice(texts, ['positive', 'negative'], draws),
  },
];

function translated(name: 'object_v_concept_5' | 'verb_v_adjective_5'): Recipe {
  return {
    file: `${name}_spanish.json`,
    lists: [SPANISH, `extractive/${name}`],
    draws: true,
    make: ([spanish, list], draws) => answerTranslated(list, dictionary(spanish), draws),
  };
}

/** What is made for some files: they, and whatever draws before the last of them that does. */
function recipesFor(wanted: readonly FuncFile[]): readonly Recipe[] {
  const last = recipes.findLastIndex(({ file, draws }) => draws && wanted.includes(file));
  return recipes.filter(({ file, draws }, index) => wanted.includes(file) || (draws && index < last));
}

/** The files of lists that some files are made of, in the folder of lists. */
export function listsFor(wanted: readonly FuncFile[]): string[] {
  return [...new Set(recipesFor(wanted).flatMap(({ lists }) => lists.map((list) => `${list}.json`)))];
}

/**
 * The pairs of files that are made of the lists in a folder: the same whichever are asked for.
 * @throws PalimpsestError DATA_FILE, DATA_LINE, DATA_EMPTY
 */
export async function makeFiles(
  reader: DataReader,
  folder: string,
  wanted: readonly FuncFile[],
): Promise<Map<FuncFile, Pair[]>> {
  const draws = new PythonDraws(SEED);
  const made = new Map<FuncFile, Pair[]>();
  for (const { file, lists, make } of recipesFor(wanted)) {
    const read: PairList[] = [];
    for (const list of lists) {
      const where = join(folder, `${list}.json`);
      read.push({ where, pairs: await readPairs(reader, where) });
    }
    made.set(file, make(read, draws));
  }
  return made;
}
