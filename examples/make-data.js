/*
 * Makes examples/data from words.json: `node examples/make-data.js [FOLDER]`. Same words, same bytes.
 * Plurals come from the npm package `pluralize`, past tenses from `compromise`.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import nlp from 'compromise';
import pluralize from 'pluralize';

const here = dirname(fileURLToPath(import.meta.url));
const { nouns, verbs, adjectives } = JSON.parse(readFileSync(join(here, 'words.json'), 'utf8'));
const words = [...nouns, ...verbs, ...adjectives];

const capital = (word) => word[0].toUpperCase() + word.slice(1);
const upper = (word) => word.toUpperCase();
const plural = (word) => pluralize(word);
const past = (word) => nlp(word).tag('Infinitive').verbs().conjugate()[0].PastTense;
const first = (list) => list.split(', ')[0];
const last = (list) => list.split(', ')[2];

const TRAIN = 240;
const TEST = 48;
const HELD_OUT = 48;
const SHOTS = 10;

/** Tasks to train on: compositions of two, with an instruction. */
const tasks = [
  {
    name: 'last-capital',
    inputs: threes(new Set(words)),
    answer: (x) => capital(last(x)),
    instruction: 'Choose the last word and capitalize it.',
  },
  {
    name: 'first-plural',
    inputs: threes(nouns),
    answer: (x) => plural(first(x)),
    instruction: 'Choose the first word and write its plural.',
  },
  {
    name: 'last-past',
    inputs: threes(verbs),
    answer: (x) => past(last(x)),
    instruction: 'Choose the last verb and write its past tense.',
  },
  {
    name: 'plural-upper',
    inputs: () => nouns,
    answer: (x) => upper(plural(x)),
    instruction: 'Write the plural in capital letters.',
  },
  {
    name: 'first-upper',
    inputs: threes(new Set(words)),
    answer: (x) => upper(first(x)),
    instruction: 'Choose the first word and write it in capital letters.',
  },
];

/** Sets that are only scored: bare questions, learnt from the demonstrations before them. */
const heldOut = [
  { name: 'choose_first_of_3', inputs: threes(new Set(words)), answer: first },
  { name: 'choose_last_of_3', inputs: threes(new Set(words)), answer: last },
  { name: 'capitalize', inputs: () => [...new Set(words)], answer: capital },
  { name: 'plural', inputs: () => nouns, answer: plural },
  { name: 'past', inputs: () => verbs, answer: past },
];

/** mulberry32 by Tommy Ettinger: uniform in [0, 1). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffle(items, random) {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

/** Lists of three different words; enough for any split, none twice. */
function threes(of) {
  return (random) => {
    const lists = new Set();
    while (lists.size < TRAIN + TEST)
      lists.add(
        shuffle([...of], random)
          .slice(0, 3)
          .join(', '),
      );
    return [...lists];
  };
}

const line = (input, answer, instruction) =>
  JSON.stringify({ prompt: `${instruction ? `${instruction}\n` : ''}Q: ${input}\nA:`, answer: ` ${answer}` });

/** Consecutive parts of a set's shuffled inputs, hence without a common item. */
function* files({ name, inputs, answer, instruction }, index, parts) {
  const random = generator(index + 1);
  const items = shuffle(inputs(random), random);
  let start = 0;
  for (const [suffix, count] of parts) {
    const chosen = items.slice(start, start + count);
    if (chosen.length < count) throw new Error(`${name}: ${items.length} inputs are too few`);
    start += count;
    yield [`${name}${suffix}.jsonl`, `${chosen.map((x) => line(x, answer(x), instruction)).join('\n')}\n`];
  }
}

/** Questions after capitals with three lettered options, and the bare question behind each: the last five are demonstrations. */
function* capitalFiles() {
  const pairs = [
    'France Paris, Italy Rome, Norway Oslo, Spain Madrid, Japan Tokyo, Egypt Cairo, Greece Athens, Austria Vienna, Poland Warsaw',
    'Sweden Stockholm, Finland Helsinki, Ireland Dublin, Portugal Lisbon, Hungary Budapest, Denmark Copenhagen, Cuba Havana',
    'Peru Lima, Chile Santiago, Kenya Nairobi, China Beijing, Russia Moscow, Iran Tehran, Iraq Baghdad, Germany Berlin',
    'Belgium Brussels, Canada Ottawa, Thailand Bangkok, Turkey Ankara, Lebanon Beirut',
  ].flatMap((text) => text.split(', ').map((pair) => pair.split(' ')));
  const letters = ['A', 'B', 'C'];
  const items = pairs.map(([country, capital], i) => {
    const options = [7, 13].map((step) => pairs[(i + step) % pairs.length][1]);
    options.splice(i % 3, 0, capital);
    const list = options.map((option, k) => `${letters[k]}. ${option}\n`).join('');
    return {
      prompt: `Question: What is the capital of ${country}?\n${list}Answer:`,
      answer: ` ${letters[i % 3]}`,
      choices: letters.map((letter) => ` ${letter}`),
      knowledge: { prompt: `The capital of ${country} is`, choices: options.map((option) => ` ${option}`) },
    };
  });
  const text = (some) => some.map((item) => `${JSON.stringify(item)}\n`).join('');
  yield ['capitals.jsonl', text(items.slice(0, -5))];
  yield ['capitals.shots.jsonl', text(items.slice(-5))];
}

const folder = process.argv[2] ?? join(here, 'data');
mkdirSync(folder, { recursive: true });
const made = [
  ...tasks.flatMap((task, i) => [
    ...files(task, i, [
      ['.train', TRAIN],
      ['.test', TEST],
    ]),
  ]),
  ...heldOut.flatMap((set, i) => [
    ...files(set, i + tasks.length, [
      ['', HELD_OUT],
      ['.shots', SHOTS],
    ]),
  ]),
  ...capitalFiles(),
];
for (const [name, text] of made) writeFileSync(join(folder, name), text);
