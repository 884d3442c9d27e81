import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

/** Sandbox milliseconds. */
const DELAY_MS = 15 * 60_000;

export const fault: DeclaredFault = {
  says: 'Builds get into their candidate tag a quarter of an hour late.',
  outcome: 'passed',
  charge: null,
  hooks: rules('koji.tag', () => ({ delayMs: DELAY_MS })),
};
