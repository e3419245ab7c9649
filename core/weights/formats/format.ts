/** How a stored type packs its values: blocks of `values` numbers in `bytes` bytes each. */
export interface BlockFormat {
  /** As the file format calls it, for example F16 or Q4_1. */
  readonly name: string;
  readonly values: number;
  readonly bytes: number;
  /** Decodes whole blocks: out.length / values of them, from the start of `bytes`. */
  decode(bytes: Uint8Array, out: Float32Array): void;
}
