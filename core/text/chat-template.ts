import { Template } from '@huggingface/jinja';
import type { ChatMessage } from '../contracts/tokenizer.js';
import { problem } from '../errors.js';

export interface ChatTemplateSource {
  readonly where: string;
  /** Jinja source; undefined: the model has none. */
  readonly template?: string;
  /** `bos_token`, `eos_token`, `pad_token` as the template may name them. */
  readonly tokens: Readonly<Record<string, string>>;
}

/** A conversation as text, by a model's own Jinja template. */
export class ChatTemplate {
  private parsed: Template | undefined;

  constructor(private readonly source: ChatTemplateSource) {}

  /**
   * Message content is put in as it stands. `generationPrompt` adds the head of the assistant's turn.
   * @throws PalimpsestError CHAT_TEMPLATE_MISSING, CHAT_TEMPLATE_FAILED
   */
  render(messages: readonly ChatMessage[], generationPrompt: boolean): string {
    const { where, template, tokens } = this.source;
    if (!template) throw problem('CHAT_TEMPLATE_MISSING', { where });
    try {
      this.parsed ??= new Template(template);
      return this.parsed.render({
        ...tokens,
        messages: messages.map((message) => ({ ...message })),
        add_generation_prompt: generationPrompt,
      });
    } catch (error) {
      throw problem('CHAT_TEMPLATE_FAILED', { where, got: (error as Error).message });
    }
  }
}
