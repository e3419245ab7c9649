/* The one public door: plugins import nothing else of core. */
import 'reflect-metadata';

export * as tf from '@tensorflow/tfjs-core';
export { inject, injectable } from 'tsyringe';
export { z } from 'zod';
export { filePath, filePathOrName } from './config/paths.js';
export { definePlugin } from './container/define-plugin.js';
export * from './container/tokens.js';
export type * from './contracts/adapter.js';
export type * from './contracts/backbone.js';
export type * from './contracts/batch.js';
export type * from './contracts/benchmark.js';
export type * from './contracts/intervention.js';
export type * from './contracts/model-view.js';
export type * from './contracts/moments.js';
export type * from './contracts/observer.js';
export type * from './contracts/passes.js';
export type * from './contracts/plugin.js';
export type * from './contracts/regularizer.js';
export type * from './contracts/tensors.js';
export type * from './contracts/tokenizer.js';
export { hasKernels } from './engine/kernels/kernels.js';
export { hasBfloat16 } from './engine/native-operations.js';
export {
  type AttentionAdditions,
  type AttentionFrame,
  attention,
  type PastSegment,
} from './engine/ops/attention.js';
export { tokenCrossEntropy } from './engine/ops/cross-entropy.js';
export { detached } from './engine/ops/detached.js';
export { feedForwardBlock } from './engine/ops/feed-forward.js';
export { FrozenLinear, type LinearPart } from './engine/ops/frozen-linear.js';
export { type FrozenMatrix, frozenMatrix } from './engine/ops/frozen-matrix.js';
export { fused } from './engine/ops/fused.js';
export { gatherRows } from './engine/ops/gather-rows.js';
export {
  type DivergenceOptions,
  klDivergence,
  type TopOfDistribution,
  topDivergence,
} from './engine/ops/kl-divergence.js';
export { lowRankAddition } from './engine/ops/low-rank.js';
export { product } from './engine/ops/mat-mul.js';
export type { Precision } from './engine/ops/precision.js';
export { type ProjectionAddition, projectedAttention } from './engine/ops/projected-attention.js';
export { recomputed } from './engine/ops/recompute.js';
export { rmsNorm } from './engine/ops/rms-norm.js';
export { type RotaryTable, rotaryTable } from './engine/ops/rotary.js';
export { sumOf } from './engine/ops/sum.js';
export { type GateAdditions, swiGlu } from './engine/ops/swiglu.js';
export { vectorNorm } from './engine/ops/vector-norm.js';
export { uploadingAtOnce } from './engine/upload.js';
export { type ErrorCode, PalimpsestError, type ProblemDetails, problem } from './errors.js';
export type { Logger } from './logger.js';
export { barChart, type HeatMap, heatMap, lineChart, panelChart, type SeriesChart } from './report/charts.js';
export { commonPrefixLength, type PaddingOptions, padRows } from './text/batching.js';
export { type DataLine, lineValue } from './text/data-file.js';
export { DataReader } from './text/data-reader.js';
export type { DataSource } from './text/data-source.js';
export { evaluatedOptions, evaluatedSets, evaluatedSources } from './text/evaluated-sets.js';
export {
  type EncodedExample,
  type ExampleSettings,
  encodeExample,
  NO_LOSS,
  nextLabels,
  trainingBatch,
} from './text/examples.js';
export { capitalized, heldOutPairs, type Pair, pairExample, pairSets, pairTask, readPairs } from './text/pairs.js';
export { optionLetters } from './text/samples.js';
export { distinctNames, refuseEqualNames, taskName } from './text/task-names.js';
export { modelView } from './training/additions.js';
export { copyTensors, groupOf, growTensors, joinGroups, mapTensors } from './training/named-tensors.js';
export { type RandomSource, type RandomStream, seededRandom } from './training/random.js';
export { rowMeans } from './training/row-means.js';
export { type BatchSum, type Sampling, sampleMeans } from './training/sample-means.js';
export { type AnchorTarget, type EarlierAnchors, WeightAnchor } from './training/weight-anchor.js';
export { type TracedAnswer, type TracedPrompt, type TraceSettings, tracePrompt } from './vectors/causal-trace.js';
export { cosine, norm } from './vectors/compare-vectors.js';
export { type EditMode, type HeadEditSettings, type HeadVectors, headEdits } from './vectors/head-edits.js';
export {
  bootstrapInterval,
  type EffectInterval,
  type EffectMeasure,
  effectsOf,
  meanEffects,
  type RankedHead,
  type TaskEffects,
  topHeads,
} from './vectors/head-effects.js';
export { headSite } from './vectors/head-site.js';
export { type Head, headPresets, headsOf, randomHeads } from './vectors/heads.js';
export { type InContextPrompt, type InContextSettings, inContextPrompts } from './vectors/in-context-prompts.js';
export { instructionVector, type StreamSite, streamEdits } from './vectors/instruction-vector.js';
export { type MeanActivations, type MeanSettings, meanActivations } from './vectors/mean-activations.js';
export { type PromptScores, scorePrompts } from './vectors/prompt-scores.js';
export { type StrengthOptions, strengthAt, strengthOptions } from './vectors/strength.js';
export { type ActivationSettings, type TaskActivations, taskActivations } from './vectors/task-activations.js';
export { type TaskVectorOptions, taskVectorOptions } from './vectors/task-vector-options.js';
export { TaskVectors } from './vectors/task-vectors.js';
export { type TaskTraceSettings, type TracedTask, traceTask } from './vectors/trace-task.js';
export { activationsAt, readVectorFile, type VectorFile } from './vectors/vector-file.js';
export { type PeftAdapter, readPeft } from './weights/peft.js';
export type { ModelConfig, TensorInfo, WeightSource } from './weights/source.js';
