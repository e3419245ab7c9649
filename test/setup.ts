import 'reflect-metadata';
import { beforeAll } from 'vitest';
import { useEngine } from '../core/engine/engine.js';

beforeAll(async () => {
  await useEngine('auto');
});
