/** One turn of a conversation. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/** Text to token ids and back. */
export interface Tokenizer {
  /** V; ids are below it. */
  readonly vocabularySize: number;
  readonly endOfSequence: number;
  /** Further ids that end a generated text (Llama 3 ends a turn by one and a text by another). */
  readonly otherEnds?: readonly number[];
  readonly padding: number;
  /** Begin-of-sequence id that `encode` puts first where the model asks for one; undefined where it does not. */
  readonly beginOfSequence?: number;
  /** Token ids of the text. Special strings such as `<|im_end|>` are parsed as special. `bos` (default true) lets the
   * model's begin-of-sequence be put first where the model asks for one. */
  encode(text: string, options?: { bos?: boolean }): number[];
  /** Text of the ids; special tokens are left out when `skipSpecial`. */
  decode(ids: readonly number[], options?: { skipSpecial?: boolean }): string;
  /** The conversation as text by the model's own chat template. @throws PalimpsestError CHAT_TEMPLATE_MISSING */
  renderChat(messages: readonly ChatMessage[], options?: { generationPrompt?: boolean }): string;
}
