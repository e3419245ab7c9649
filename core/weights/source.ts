/** Metadata of one stored tensor, in Hugging Face's naming and layout (q and k rows unpermuted). */
export interface TensorInfo {
  readonly name: string;
  readonly shape: readonly number[];
  /** Stored type, for example F32, BF16, Q4_1. */
  readonly type: string;
}

/** config.json's fields that matter here, whichever format they came from; snake_case as there. */
export interface ModelConfig {
  readonly architectures: readonly string[];
  readonly model_type: string;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly vocab_size: number;
  readonly max_position_embeddings: number;
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
  readonly rope_scaling?: Readonly<Record<string, unknown>> | null;
  readonly tie_word_embeddings: boolean;
  readonly attention_bias?: boolean;
  readonly mlp_bias?: boolean;
  readonly hidden_act?: string;
  readonly sliding_window?: number | null;
  readonly use_sliding_window?: boolean;
  /** Layers, from the first one, that see everything although use_sliding_window holds. */
  readonly max_window_layers?: number;
  readonly bos_token_id?: number;
  readonly eos_token_id?: number | readonly number[];
  readonly pad_token_id?: number;
}

/** A model on disk: weights one at a time, so that no second copy of the whole is ever held. */
export interface WeightSource {
  /** What errors and records call it: the path. */
  readonly path: string;
  readonly config: ModelConfig;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Of a GGUF file: every metadata value by its key, the tokenizer's among them. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Values in row-major order as float32; the array belongs to the caller. @throws PalimpsestError TENSOR_INVALID, MODEL_FILE */
  read(name: string): Promise<Float32Array>;
  close(): Promise<void>;
}
