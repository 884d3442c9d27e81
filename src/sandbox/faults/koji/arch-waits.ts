import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

/** Sandbox milliseconds. */
const DELAY_MS = 6 * 3_600_000;

export const fault: DeclaredFault = {
  says: 'The builders of aarch64 are busy: what they should build waits for six hours.',
  outcome: 'failed',
  charge: 'koji',
  hooks: rules('koji.schedule', (subject) =>
    subject.startsWith('buildArch aarch64 ') ? { delayMs: DELAY_MS } : undefined,
  ),
};
