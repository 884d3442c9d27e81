import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

/** Sandbox milliseconds. */
const DELAY_MS = 6 * 3_600_000;

export const fault: DeclaredFault = {
  says: 'Builders are busy: the build of one architecture waits for six hours until one takes it.',
  outcome: 'failed',
  charge: 'koji',
  hooks: rules('koji.schedule', (subject) =>
    /^buildArch (aarch64|noarch) /.test(subject) ? { delayMs: DELAY_MS } : undefined,
  ),
};
