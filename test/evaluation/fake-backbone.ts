import * as tf from '@tensorflow/tfjs-core';
import type {
  Backbone,
  ForwardRequest,
  ForwardResult,
  KeyValueCache,
  ModelSizes,
} from '../../core/contracts/backbone.js';
import type { TokenBatch } from '../../core/contracts/batch.js';
import type { Tokenizer } from '../../core/contracts/tokenizer.js';

const WIDTH = 4;
/** Logits repeat beyond this token, so that a large vocabulary stays cheap. */
const DISTINCT = 97;

class FakeCache implements KeyValueCache {
  readonly length: number;

  constructor(
    readonly states: tf.Tensor2D,
    readonly mask: Uint8Array,
  ) {
    this.length = mask.length / this.rows;
  }

  get rows(): number {
    return this.states.shape[0];
  }

  dispose(): void {
    this.states.dispose();
  }
}

/**
 * A toy language model without layers: a state of four numbers, s = s / 2 + e(token), and logits 3 sin(w_v . s). Everything
 * before a token decides its logits, padding changes nothing. It counts the tokens that it runs.
 */
export class FakeBackbone implements Backbone {
  readonly sizes: ModelSizes;
  readonly linearSites = [];
  readonly activationSites = [];
  /** Real tokens run so far. */
  tokensRun = 0;
  /** Largest number of logit rows that one pass was asked for. */
  mostLogitRows = 0;

  constructor(vocabulary: number, maxPositions = 1000) {
    const sizes = { width: WIDTH, layers: 0, heads: 1, keyValueHeads: 1, headWidth: WIDTH, feedForward: 0 };
    this.sizes = { ...sizes, vocabulary, maxPositions, parameters: 0 };
  }

  async load(): Promise<void> {}

  /** Logits [V] after the tokens, what every other way has to give. */
  logitsAfter(tokens: readonly number[]): Float32Array {
    return this.logits(tokens.reduce((state, token) => step(state, token), new Array<number>(WIDTH).fill(0)));
  }

  forward({ batch, past, logits = 'none', keepCache }: ForwardRequest): ForwardResult {
    const before = past as FakeCache | undefined;
    const starts = before ? (before.states.arraySync() as number[][]) : [new Array<number>(WIDTH).fill(0)];
    const states = Array.from({ length: batch.rows }, (_, b) => starts[starts.length === 1 ? 0 : b]);
    const all: number[][] = [];
    for (let i = 0; i < batch.ids.length; i++) {
      const b = Math.floor(i / batch.length);
      if (batch.mask[i] === 1) {
        states[b] = step(states[b], batch.ids[i]);
        this.tokensRun++;
      }
      all.push(states[b]);
    }
    const positions = positionsOf(batch, logits);
    this.mostLogitRows = Math.max(this.mostLogitRows, positions.length);
    return {
      logits: positions.length > 0 ? this.logitRows(positions.map((p) => all[p])) : undefined,
      captures: {},
      cache: keepCache ? new FakeCache(tf.tensor2d(states), grownMask(batch, before)) : undefined,
    };
  }

  private logitRows(states: readonly (readonly number[])[]): tf.Tensor2D {
    const width = this.sizes.vocabulary;
    const values = new Float32Array(states.length * width);
    states.forEach((state, p) => {
      values.set(this.logits(state), p * width);
    });
    return tf.tensor2d(values, [states.length, width]);
  }

  private logits(state: readonly number[]): Float32Array {
    const { vocabulary } = this.sizes;
    const distinct = Array.from({ length: Math.min(vocabulary, DISTINCT) }, (_, v) => {
      const dot = state.reduce((sum, s, d) => sum + s * Math.sin(1.7 * v + d), 0);
      return 3 * Math.sin(dot + v);
    });
    return Float32Array.from({ length: vocabulary }, (_, v) => distinct[v % DISTINCT]);
  }

  fold(): void {
    throw new Error('the toy has no weights');
  }

  weight(): tf.Tensor2D {
    throw new Error('the toy has no weights');
  }

  dispose(): void {}
}

function step(state: readonly number[], token: number): number[] {
  return state.map((s, d) => s / 2 + Math.cos(token * (d + 1)));
}

function positionsOf(batch: TokenBatch, wanted: NonNullable<ForwardRequest['logits']>): number[] {
  if (wanted === 'none') return [];
  if (wanted === 'all') return [...batch.ids.keys()];
  if (wanted !== 'last') return [...wanted];
  return Array.from({ length: batch.rows }, (_, b) => batch.mask.lastIndexOf(1, (b + 1) * batch.length - 1));
}

function grownMask(batch: TokenBatch, past?: FakeCache): Uint8Array {
  const rows = Array.from({ length: batch.rows }, (_, b) => {
    const old = past ? past.mask.subarray((past.rows === 1 ? 0 : b) * past.length).subarray(0, past.length) : [];
    return [...old, ...batch.mask.subarray(b * batch.length, (b + 1) * batch.length)];
  });
  return Uint8Array.from(rows.flat());
}

const LETTERS = '\nabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ :?.';
const pieces = ['<eos>', ...LETTERS, ...[...'abcdefghijklmnopqrstuvwxyz'].map((letter) => ` ${letter}`)];

/** One token a character, but a blank and a lower-case letter are one together. Id 0 is EOS, id 1 a newline. */
export const fakeTokenizer: Tokenizer = {
  vocabularySize: pieces.length,
  endOfSequence: 0,
  padding: 0,
  encode: (text) => (text.match(/ [a-z]|[\s\S]/g) ?? []).map((piece) => pieces.indexOf(piece)),
  decode: (ids, { skipSpecial } = {}) => ids.map((id) => (skipSpecial && id === 0 ? '' : pieces[id])).join(''),
  renderChat: (messages) => messages.map(({ content }) => content).join('\n'),
};

/** The toy with its tokenizer; 84 tokens. */
export function fakeModel(): { backbone: FakeBackbone; tokenizer: Tokenizer } {
  return { backbone: new FakeBackbone(pieces.length), tokenizer: fakeTokenizer };
}
