import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

/** Sandbox milliseconds. */
const DELAY_MS = 20 * 60_000;

export const fault: DeclaredFault = {
  says: 'CI queues every test twenty minutes late.',
  outcome: 'passed',
  charge: null,
  hooks: rules('ci.queue', () => DELAY_MS),
};
