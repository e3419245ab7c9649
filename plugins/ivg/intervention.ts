import {
  type ActivationEdit,
  type ActivationSite,
  BACKBONE,
  type Backbone,
  headEdits,
  type Intervention,
  inject,
  injectable,
  LOGGER,
  type Logger,
  MODEL,
  OPTIONS,
  type PluginState,
  type PrepareMoment,
  RANDOM,
  type RandomSource,
  type StepPosition,
  strengthAt,
  type TaskMoment,
  TaskVectors,
  TOKENIZER,
  type Tokenizer,
  type z,
} from '../../core/index.js';
import type { ivgOptions } from './plugin.js';

/**
 * Trains with the model M^S_s (Eq. 3): at the last prompt token each head (l, j) of S gives h_lj + s_k v_lj in place of h_lj, v_lj
 * its mean activation on the task, and the strength s_k falls from 1 to 0 over the task.
 */
@injectable()
export class InstructionVectorGuidance implements Intervention {
  readonly startsAt = 0;
  readonly sites: readonly string[];
  private readonly vectors: TaskVectors;

  constructor(
    @inject(OPTIONS) private readonly options: z.infer<typeof ivgOptions>,
    @inject(BACKBONE) private readonly backbone: Backbone,
    @inject(TOKENIZER) tokenizer: Tokenizer,
    @inject(RANDOM) random: RandomSource,
    @inject(LOGGER) logger: Logger,
    @inject(MODEL) model: string,
  ) {
    this.sites = backbone.activationSites.filter(isHeads).map(({ name }) => name);
    this.vectors = new TaskVectors({ plugin: 'ivg', backbone, model, tokenizer, random, logger }, options);
  }

  prepare(moment: PrepareMoment): Promise<void> {
    return this.vectors.prepare(moment);
  }

  beforeTask(moment: TaskMoment): Promise<void> {
    return this.vectors.beforeTask(moment);
  }

  edits(step: StepPosition): readonly ActivationEdit[] {
    const { mode, positions } = this.options;
    const strength = strengthAt(this.options, step);
    return headEdits(this.backbone, this.vectors.current(), { mode, positions, strength });
  }

  state(): PluginState {
    return this.vectors.state();
  }

  restore(state: PluginState): void {
    this.vectors.restore(state);
  }

  summary(): Record<string, unknown> {
    return this.vectors.summary();
  }
}

function isHeads({ shape }: ActivationSite): boolean {
  return shape === '[B, T, H, d_h]';
}
