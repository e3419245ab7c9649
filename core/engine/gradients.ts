/*
 * Makes the gradients of TensorFlow.js's plain operations known. The core package registers none by itself in Node, and its
 * own list cannot be imported there; the union package brings it.
 */
import '@tensorflow/tfjs';
