/** A fenced block of a Markdown page. */
export interface FencedBlock {
  readonly language: string;
  /** What follows the language on the fence: a file's name. */
  readonly name?: string;
  readonly text: string;
}

/** The page's fenced blocks in order. */
export function fencedBlocks(page: string): FencedBlock[] {
  return [...page.matchAll(/^```(\w*) ?(\S*)\n([\s\S]*?)^```$/gm)].map(([, language, name, text]) => ({
    language,
    name: name || undefined,
    text,
  }));
}
