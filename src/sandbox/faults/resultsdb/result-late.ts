import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

/** Sandbox milliseconds. */
const DELAY_MS = 15 * 60_000;

export const fault: DeclaredFault = {
  says: 'Results get into ResultsDB a quarter of an hour late.',
  outcome: 'passed',
  charge: null,
  hooks: rules('resultsdb.listen', () => DELAY_MS),
};
