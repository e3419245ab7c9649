/*
 * Makes the gradients of TensorFlow.js's plain operations known. The core package registers none by itself in Node, and its
 * own list cannot be imported there; the union package brings it. It is required, not imported: Node would search its
 * megabytes for the names that it exports.
 */
import { createRequire } from 'node:module';

createRequire(import.meta.url)('@tensorflow/tfjs');
