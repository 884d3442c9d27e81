import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

/** Sandbox milliseconds. */
const AFTER_MS = 5 * 60_000;

export const fault: DeclaredFault = {
  says: 'Somebody else makes every update obsolete five minutes after it was made.',
  outcome: 'failed',
  charge: 'bodhi',
  hooks: rules('bodhi.withdraw', () => AFTER_MS),
};
