import type { ComposedPlugin } from '../container/compose.js';
import type { ContractName } from '../contracts/plugin.js';
import { watchOperations } from '../engine/watch-operations.js';
import type { Logger } from '../logger.js';
import { profileText } from '../profile/profile-table.js';
import { profiledPlugin } from '../profile/profiled-plugin.js';
import { Profiler } from '../profile/profiler.js';
import { profileSummary } from '../profile/summary.js';
import { traceText } from '../profile/trace-file.js';
import type { Span } from '../training/span.js';
import { runStateOf } from './resumed-run.js';
import type { RunDirectory } from './run-directory.js';

export interface ProfileSettings {
  /** Optimizer steps of each task, and runs of the model in any other part of the run, that are recorded; at least 1. */
  readonly steps: number;
}

/** The profile of a run: profile.json and profile-summary.json in its directory. */
export class RunProfile {
  private readonly profiler: Profiler;
  readonly span: Span;
  private engine?: string;
  /** Lets go of the engine. */
  release: () => void = () => {};

  constructor(private readonly settings: ProfileSettings) {
    this.profiler = new Profiler(settings.steps);
    this.span = this.profiler.span;
  }

  /** The plugin as it is recorded. */
  plugin<P extends object>({ contract, manifest }: ComposedPlugin<ContractName>, made: P): P {
    if (contract === 'backbone') this.profiler.backbone = manifest.name;
    return profiledPlugin(made, manifest.name, this.profiler);
  }

  /** Watches the engine in use from now on. */
  watch(engine: string): void {
    this.engine = engine;
    this.release = watchOperations(this.profiler);
  }

  /** Writes what was recorded of a run that has begun, and whose engine was watched. @throws PalimpsestError OUTPUT_WRITE */
  write(directory: RunDirectory, logger: Logger): void {
    const { engine, profiler, settings } = this;
    if (engine === undefined || runStateOf(directory) === 'none') return;
    const { profile } = profiler;
    const summary = profileSummary(profile, { ...settings, engine });
    directory.writeText('profile.json', traceText(profile, `palimpsest run, ${engine}`));
    directory.writeJson('profile-summary.json', summary);
    logger.info(profileText(summary));
  }
}
