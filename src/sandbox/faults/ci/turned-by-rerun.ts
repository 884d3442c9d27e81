import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

/** Sandbox milliseconds. */
const AGAIN_MS = 2 * 60_000;

export const fault: DeclaredFault = {
  says: 'The first run of every test fails; somebody runs it again, and it passes.',
  outcome: 'passed',
  charge: null,
  hooks: () => {
    const failed = new Set<string>();
    return rules('ci.run', (nvr) => {
      if (failed.has(nvr)) return undefined;
      failed.add(nvr);
      return { result: 'failed', againMs: AGAIN_MS };
    });
  },
};
