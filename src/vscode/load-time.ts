import { performance } from 'node:perf_hooks';

/** When the bundle began to be evaluated: extension.ts imports this file first. Milliseconds, as `performance.now()`. */
export const loadStarted = performance.now();
