#!/usr/bin/env node
// Makes the six files of the FUNC sequence, which were never published, from the lists of
// https://github.com/ericwtodd/function_vectors (folder dataset_files):
//
//     node examples/derive-func.js [LISTS [FOLDER]]
//
// LISTS holds abstractive/ and extractive/, by default examples/published/function-vectors; FOLDER is where the files go, by default
// examples/published/func-derived. Draws are those of Python's random.Random(20240612), one stream for all files.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const published = fileURLToPath(new URL('published', import.meta.url));
const [lists = path.join(published, 'function-vectors'), folder = path.join(published, 'func-derived')] =
  process.argv.slice(2);
const ITEMS = 1000;
const NEWS = 2143;
const SEED = 20240612;

const read = (name) => JSON.parse(readFileSync(path.join(lists, `${name}.json`), 'utf8'));
const write = (name, items) => {
  writeFileSync(path.join(folder, `${name}.json`), `${JSON.stringify(items, null, 4)}\n`);
  process.stdout.write(`${name}.json: ${items.length} items\n`);
};

/** The Mersenne Twister MT19937, seeded and asked as Python's random module does. */
class Draws {
  state = new Uint32Array(624);
  next = 624;

  constructor(seed) {
    const { state } = this;
    const mixed = (i, factor) => Math.imul(state[i - 1] ^ (state[i - 1] >>> 30), factor);
    state[0] = 19650218;
    for (let i = 1; i < 624; i++) state[i] = mixed(i, 1812433253) + i;
    let i = 1;
    const step = (factor, added) => {
      state[i] = (state[i] ^ mixed(i, factor)) + added(i);
      if (++i === 624) {
        state[0] = state[623];
        i = 1;
      }
    };
    for (let k = 0; k < 624; k++) step(1664525, () => seed);
    for (let k = 0; k < 623; k++) step(1566083941, (at) => -at);
    state[0] = 0x80000000;
  }

  /** A whole number from 0 to 2^32 - 1. */
  word() {
    if (this.next === 624) this.refill();
    let y = this.state[this.next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  refill() {
    const { state } = this;
    for (let i = 0; i < 624; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % 624] & 0x7fffffff);
      state[i] = state[(i + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.next = 0;
  }

  /** A whole number from 0 to n - 1. */
  below(n) {
    const bits = 32 - Math.clz32(n);
    for (;;) {
      const drawn = this.word() >>> (32 - bits);
      if (drawn < n) return drawn;
    }
  }

  choice(values) {
    return values[this.below(values.length)];
  }

  shuffled(values) {
    const order = [...values];
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}

const draws = new Draws(SEED);
const spanish = new Map(read('abstractive/english-spanish').map(({ input, output }) => [input, output]));
const words = ({ input }) => input.split(', ');

/** Lists whose last word has a translation, which is the answer. */
function lastInSpanish() {
  const all = ['last', 'first', 'middle'].flatMap((which) => read(`extractive/choose_${which}_of_5`));
  const items = all.map((item) => ({ input: item.input, output: spanish.get(words(item)[4]) }));
  return items.filter(({ output }) => output !== undefined).slice(0, ITEMS);
}

/**
 * Lists whose answer has a translation; then the others, with another answer of the same task, which has one, put in the place of
 * theirs.
 */
function answerInSpanish(name) {
  const items = read(`extractive/${name}`);
  const known = items.filter(({ output }) => spanish.has(output));
  const targets = [...new Set(known.map(({ output }) => output))].sort();
  const replaced = items
    .filter(({ output }) => !spanish.has(output))
    .map((item) => {
      const list = words(item);
      const target = draws.choice(targets.filter((word) => !list.includes(word)));
      return { input: list.map((word) => (word === item.output ? target : word)).join(', '), output: target };
    });
  return [...known, ...replaced].map(({ input, output }) => ({ input, output: spanish.get(output) }));
}

/** A draw of a file's items in its order; the labels become options, in an order drawn for each item. */
function multipleChoice(name, labels, count = Number.POSITIVE_INFINITY) {
  const items = read(`abstractive/${name}`);
  const drawn = draws.shuffled(items.keys()).slice(0, count);
  return drawn
    .sort((a, b) => a - b)
    .map((i) => {
      const options = draws.shuffled(labels);
      const lines = options.map((label, at) => `${'abcd'[at]}: ${label}`);
      return { input: [items[i].input, ...lines].join('\n'), output: 'abcd'[options.indexOf(items[i].output)] };
    });
}

const capital = ({ input, output }) => ({ input, output: output[0].toUpperCase() + output.slice(1) });

mkdirSync(folder, { recursive: true });
write('choose_last_of_5_spanish', lastInSpanish());
write('alphabetically_last_5_capital', read('extractive/alphabetically_last_5').map(capital));
write('object_v_concept_5_spanish', answerInSpanish('object_v_concept_5'));
write('verb_v_adjective_5_spanish', answerInSpanish('verb_v_adjective_5'));
write('ag_news_mc', multipleChoice('ag_news', ['World', 'Sports', 'Business', 'Science'], NEWS));
write('sentiment_mc', multipleChoice('sentiment', ['positive', 'negative']));
