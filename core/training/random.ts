/** Draws named from one seed: the same seed and name give the same numbers, on every engine and in every order of asking. */
export interface RandomStream {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Integer in [0, bound). */
  below(bound: number): number;
  /** A shuffled copy. */
  shuffle<T>(items: readonly T[]): T[];
  /** Fills with uniform draws in [low, high). */
  fillUniform(target: Float32Array, low: number, high: number): Float32Array;
}

export interface RandomSource {
  readonly seed: number;
  /** A fresh stream for a name, for example `inc-lora/task-2/model.layers.0.self_attn.q_proj/A`. */
  stream(name: string): RandomStream;
}

const GOLDEN = 0x9e3779b9;

/** 32-bit FNV-1a hash of the text, mixed with the seed. */
function hash(seed: number, text: string): number {
  let h = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h;
}

function splitMix(state: number): () => number {
  let s = state >>> 0;
  return () => {
    s = (s + GOLDEN) >>> 0;
    let z = s;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

/** sfc32 by Chris Doty-Humphrey (PractRand), 128 bits of state. */
class Sfc32 implements RandomStream {
  private a: number;
  private b: number;
  private c: number;
  private d = 1;
  private spare: number | undefined;

  constructor(seed: number, name: string) {
    const mix = splitMix(hash(seed, name) ^ Math.imul(seed, GOLDEN));
    [this.a, this.b, this.c] = [mix(), mix(), mix()];
    for (let i = 0; i < 12; i++) this.next();
  }

  private next(): number {
    const t = (((this.a + this.b) | 0) + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + t;
    this.c |= 0;
    return t >>> 0;
  }

  uniform(): number {
    return this.next() / 2 ** 32;
  }

  normal(): number {
    if (this.spare !== undefined) {
      const value = this.spare;
      this.spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  shuffle<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [result[i], result[j]] = [result[j], result[i]];
    }
    return result;
  }

  fillUniform(target: Float32Array, low: number, high: number): Float32Array {
    const span = high - low;
    for (let i = 0; i < target.length; i++) target[i] = low + span * this.uniform();
    return target;
  }
}

/** The run's source of randomness. */
export function seededRandom(seed: number): RandomSource {
  return { seed, stream: (name) => new Sfc32(seed, name) };
}
