/** Draws of the Mersenne Twister MT19937, seeded and asked as Python's random module does. */
export class PythonDraws {
  private readonly state = new Uint32Array(624);
  private next = 624;

  constructor(seed: number) {
    const { state } = this;
    const mixed = (i: number, factor: number) => Math.imul(state[i - 1] ^ (state[i - 1] >>> 30), factor);
    state[0] = 19650218;
    for (let i = 1; i < 624; i++) state[i] = mixed(i, 1812433253) + i;
    let i = 1;
    const step = (factor: number, added: number) => {
      state[i] = (state[i] ^ mixed(i, factor)) + added;
      if (++i < 624) return;
      state[0] = state[623];
      i = 1;
    };
    for (let k = 0; k < 624; k++) step(1664525, seed);
    for (let k = 0; k < 623; k++) step(1566083941, -i);
    state[0] = 0x80000000;
  }

  /** One of some values, at least one. */
  choice<T>(values: readonly T[]): T {
    return values[this.below(values.length)];
  }

  /** A shuffled copy. */
  shuffled<T>(values: Iterable<T>): T[] {
    const order = [...values];
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /** A whole number from 0 to n - 1, n at least 1. */
  private below(n: number): number {
    const bits = 32 - Math.clz32(n);
    for (;;) {
      const drawn = this.word() >>> (32 - bits);
      if (drawn < n) return drawn;
    }
  }

  /** A whole number from 0 to 2^32 - 1. */
  private word(): number {
    if (this.next === 624) this.refill();
    let y = this.state[this.next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  private refill(): void {
    const { state } = this;
    for (let i = 0; i < 624; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % 624] & 0x7fffffff);
      state[i] = state[(i + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.next = 0;
  }
}
