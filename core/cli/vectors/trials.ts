import type { ActivationEdit } from '../../contracts/backbone.js';
import type { ModelView } from '../../contracts/model-view.js';
import type { InContextPrompt } from '../../vectors/in-context-prompts.js';
import { type PromptScores, scorePrompts } from '../../vectors/prompt-scores.js';
import { queryPrompts } from '../../vectors/query-prompts.js';
import type { VectorTask } from '../../vectors/vector-task.js';
import { maxTokens, type VectorBench } from './bench.js';
import type { TaskOptions } from './options.js';

/** How a task is asked for: by itself, after demonstrations, or after demonstrations with each other's answers. */
export const askings = ['zeroShot', 'fewShot', 'shuffled'] as const;
export type Asking = (typeof askings)[number];

/** The queries of a task, asked for in every way. */
export class TaskTrials {
  private readonly prompts = new Map<Asking, InContextPrompt[]>();

  constructor(
    private readonly bench: VectorBench,
    private readonly task: VectorTask,
    private readonly options: TaskOptions,
  ) {}

  /** Scores of a model under edits. */
  scores(asking: Asking, edits: readonly ActivationEdit[] = [], model: ModelView = this.bench.model): PromptScores {
    return scorePrompts(model, this.of(asking), { edits, pad: this.bench.pad });
  }

  private of(asking: Asking): InContextPrompt[] {
    const made = this.prompts.get(asking) ?? this.make(asking);
    this.prompts.set(asking, made);
    return made;
  }

  private make(asking: Asking): InContextPrompt[] {
    const { tokenizer, random } = this.bench;
    const answers = asking === 'shuffled' ? 'shuffled' : 'own';
    const shots = asking === 'zeroShot' ? 0 : this.options.shots;
    const stream = random.stream(`vectors/${this.task.name}/queries`);
    return queryPrompts(
      this.task,
      { shots, answers, maxTokens: maxTokens(this.bench, this.options) },
      { tokenizer, stream },
    );
  }
}
