/* The one public door: plugins import nothing else of core. */
import 'reflect-metadata';

export { inject, injectable } from 'tsyringe';
export { z } from 'zod';
export { definePlugin } from './container/define-plugin.js';
export * from './container/tokens.js';
export type * from './contracts/adapter.js';
export type * from './contracts/backbone.js';
export type * from './contracts/batch.js';
export type * from './contracts/benchmark.js';
export type * from './contracts/intervention.js';
export type * from './contracts/moments.js';
export type * from './contracts/observer.js';
export type * from './contracts/passes.js';
export type * from './contracts/plugin.js';
export type * from './contracts/regularizer.js';
export type * from './contracts/tensors.js';
export type * from './contracts/tokenizer.js';
export { type ErrorCode, PalimpsestError, type ProblemDetails, problem } from './errors.js';
export type { Logger } from './logger.js';
export { type RandomSource, type RandomStream, seededRandom } from './training/random.js';
export type { ModelConfig, TensorInfo, WeightSource } from './weights/source.js';
