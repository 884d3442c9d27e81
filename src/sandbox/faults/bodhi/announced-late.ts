import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

/** Sandbox milliseconds. */
const DELAY_MS = 20 * 60_000;

export const fault: DeclaredFault = {
  says: 'Bodhi says twenty minutes late that an update is ready to be tested.',
  outcome: 'passed',
  charge: null,
  hooks: rules('bodhi.announce', () => DELAY_MS),
};
