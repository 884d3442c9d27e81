import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

/** Sandbox milliseconds. */
const DELAY_MS = 30 * 60_000;

export const fault: DeclaredFault = {
  says: 'Robosignatory signs every build half an hour late.',
  outcome: 'passed',
  charge: null,
  hooks: rules('signing.sign', () => ({ delayMs: DELAY_MS })),
};
