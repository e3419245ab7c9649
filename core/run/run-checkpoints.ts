import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { PluginState } from '../contracts/moments.js';
import type { Progress } from '../training/checkpoint.js';
import type { SequenceCheckpoints } from '../training/sequence.js';
import { CheckpointStore, type FoundCheckpoint } from './checkpoint-store.js';
import type { PhaseClock } from './phase-clock.js';
import type { RunDirectory } from './run-directory.js';

/** Checkpoints in a run directory, with the passes that are kept over epochs beside them; both go when the run is over. */
export class RunCheckpoints {
  /** Where passes go that are kept over epochs, absolute. */
  readonly keepFolder: string;
  private readonly store: CheckpointStore;

  constructor(
    directory: RunDirectory,
    private readonly clock: PhaseClock,
  ) {
    this.keepFolder = directory.path('kept');
    this.store = new CheckpointStore(directory.path('checkpoints'));
  }

  newest(): FoundCheckpoint | undefined {
    return this.store.newest();
  }

  /**
   * What a sequence saves by and starts from.
   * @param every optimizer steps between two checkpoints of a task @throws PalimpsestError CHECKPOINT_INVALID, MODEL_FILE
   */
  async forSequence(every: number, from?: FoundCheckpoint): Promise<SequenceCheckpoints> {
    const start = from && { state: await this.store.read(from), where: from.where };
    if (start) this.clock.goOnFrom((start.state.json.seconds ?? {}) as Record<string, number>);
    return { every, start, save: (state, step) => this.save(state, step) };
  }

  remove(): void {
    this.store.remove();
    rmSync(this.keepFolder, { recursive: true, force: true });
  }

  private async save({ tensors, json }: PluginState, step: number): Promise<void> {
    const seconds = this.clock.seconds();
    await this.store.save({ tensors, json: { ...json, seconds } }, step);
    this.freeKept((json.progress as Progress).tasksDone);
  }

  /** Kept passes of tasks that are over: no checkpoint speaks of them any more. */
  private freeKept(tasksDone: number): void {
    if (!existsSync(this.keepFolder)) return;
    for (const name of readdirSync(this.keepFolder)) {
      const [, task] = /^task-(\d+)\./.exec(name) ?? [];
      if (Number(task) <= tasksDone) rmSync(path.join(this.keepFolder, name), { force: true });
    }
  }
}
