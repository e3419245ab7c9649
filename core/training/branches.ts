import * as tf from '@tensorflow/tfjs-core';
import type { ActivationEdit, DropoutDraw } from '../contracts/backbone.js';
import type { TrainingBatch } from '../contracts/batch.js';
import { detached } from '../engine/ops/detached.js';
import { additionsOf } from './additions.js';
import { BranchedRows, canBranch } from './branched-rows.js';
import type { SharedPass } from './passes.js';
import { indexWithin, union } from './positions.js';
import { type PassModel, type PassResults, positionsOf, serveLogits } from './run-pass.js';

/**
 * Passes in groups that run together: of the same rows and adapters, with edits at the answers only, without captures. Where
 * the adapter drops inputs at random, which it does only where gradients flow, passes with and without gradient stay apart.
 */
export function branchGroups(passes: readonly SharedPass[], adapter: PassModel['adapter']): SharedPass[][] {
  const groups: SharedPass[][] = [];
  for (const pass of passes) {
    const group = branches(pass)
      ? groups.find(([first]) => branches(first) && goTogether(first, pass, adapter))
      : undefined;
    if (group) group.push(pass);
    else groups.push([pass]);
  }
  return groups;
}

function branches({ rows, edits, requests }: SharedPass): boolean {
  const plain = requests.every(({ logits, captures = [] }) => logits !== 'all' && captures.length === 0);
  return plain && edits.every(({ where }) => where === 'answers') && canBranch(rows);
}

function goTogether(a: SharedPass, b: SharedPass, adapter: PassModel['adapter']): boolean {
  if (a.rows !== b.rows || a.view !== b.view) return false;
  return a.gradient === b.gradient || !adapter.sites.some((site) => adapter.addition(site, a.view)?.drops);
}

/** Runs a group of passes as branches of one run; those without gradient get theirs cut off. */
export function runBranches(group: readonly SharedPass[], model: PassModel, dropout?: DropoutDraw): PassResults {
  const rows = group[0].rows as TrainingBatch;
  const layout = new BranchedRows(rows, group.length);
  const gradient = group.some((pass) => pass.gradient);
  const places = group.map((pass, branch) => positionsOf(pass).map((position) => layout.place(position, branch)));
  const asked = union(places);
  const { logits } = model.backbone.forward({
    batch: layout.batch,
    logits: asked,
    additions: additionsOf(model.adapter, group[0].view),
    edits: group.flatMap(({ edits }, branch) => editsIn(layout, edits, branch)),
    dropout: gradient && dropout ? dropoutIn(layout, rows, dropout) : undefined,
  });
  const results = group.map((pass, branch) => {
    const own = pass.gradient || !gradient ? (logits as tf.Tensor2D) : detached(logits as tf.Tensor2D);
    const place = (positions: Int32Array) =>
      indexWithin(
        positions.map((position) => layout.place(position, branch)),
        asked,
      );
    return [...serveLogits(pass, own, place)].map(
      ([request, served]) => [request, { ...served, captures: {} }] as const,
    );
  });
  return new Map(results.flat());
}

/** A branch's edits, told where its answers stand. */
function editsIn(layout: BranchedRows, edits: readonly ActivationEdit[], branch: number): ActivationEdit[] {
  if (edits.length === 0) return [];
  const seen = layout.seenBy(branch);
  return edits.map((edit) => ({ ...edit, apply: (activation, inputs) => edit.apply(activation, inputs, seen) }));
}

/** Draws the masks that the rows would have met, and gives each token of the layout its own. */
function dropoutIn(layout: BranchedRows, rows: TrainingBatch, dropout: DropoutDraw): DropoutDraw {
  const origins = layout.origins;
  return {
    mask: (name, [, width], rate) =>
      tf.tidy(() =>
        tf.gather(dropout.mask(name, [rows.rows * rows.length, width], rate), tf.tensor1d(origins, 'int32')),
      ),
  };
}
