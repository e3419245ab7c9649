import type { Command } from 'commander';
import type { ActivationEdit } from '../../contracts/backbone.js';
import type { ModelView } from '../../contracts/model-view.js';
import { problem } from '../../errors.js';
import type { RandomStream } from '../../training/random.js';
import { norm } from '../../vectors/compare-vectors.js';
import { type EditMode, type HeadVectors, headEdits } from '../../vectors/head-edits.js';
import { instructionVector, type StreamSite, streamEdits } from '../../vectors/instruction-vector.js';
import { finiteNumber, ofForm, oneOf } from '../model-options.js';

/** Where a task's vector is put in: at the heads, or theta at a point of the residual stream. */
export type Place = 'heads' | StreamPlace;

interface StreamPlace {
  readonly site: StreamSite;
  readonly layer: number;
}

/** Parses `heads`, `residual:LAYER` or `attention:LAYER`. */
export const placeOf = ofForm((text): Place | undefined => {
  if (text === 'heads') return text;
  const [, site, layer] = /^(residual|attention):(\d+)$/.exec(text) ?? [];
  return site ? { site: site as StreamSite, layer: Number(layer) } : undefined;
}, 'heads, residual:LAYER or attention:LAYER');

export interface PutSettings {
  readonly at: Place;
  /** Below 0 it is taken out. */
  readonly strength: number;
  /** At heads. */
  readonly mode: EditMode;
}

/** @throws PalimpsestError SITE_UNKNOWN for a layer that the model has not */
export function assertPlace({ sizes }: ModelView, at: Place): void {
  if (at === 'heads' || at.layer < sizes.layers) return;
  throw problem('SITE_UNKNOWN', {
    where: '--at',
    expected: `a layer from 0 to ${sizes.layers - 1}`,
    got: `${at.layer}`,
  });
}

/** Adds --at, --strength and --mode. */
export function addPlace(command: Command): Command {
  return command
    .option('--at <place>', 'heads, residual:LAYER or attention:LAYER', placeOf, 'heads')
    .option('--strength <s>', 'factor of the vector; below 0 it is taken out', finiteNumber, 1)
    .option('--mode <mode>', 'at heads: add, replace or mix', oneOf('add', 'replace', 'mix'), 'add');
}

/** The edits that put heads' vectors in at the last prompt token. @throws PalimpsestError SITE_UNKNOWN */
export function editsAt(model: ModelView, vectors: HeadVectors, { at, strength, mode }: PutSettings): ActivationEdit[] {
  const positions = 'prompt-end';
  if (at === 'heads') return headEdits(model, vectors, { mode, positions, strength });
  return streamEdits(model, instructionVector(model, vectors), { ...at, positions, strength });
}

/** The edits that put in a vector of equal norm in a random direction. @throws PalimpsestError SITE_UNKNOWN */
export function randomEdits(
  model: ModelView,
  vectors: HeadVectors,
  { at, strength }: { at: StreamPlace; strength: number },
  stream: RandomStream,
): ActivationEdit[] {
  const theta = instructionVector(model, vectors);
  const drawn = Float32Array.from(theta, () => stream.normal());
  const scale = norm(theta) / norm(drawn);
  return streamEdits(
    model,
    drawn.map((value) => scale * value),
    { ...at, positions: 'prompt-end', strength },
  );
}
