import type { DeclaredFault } from '../declared.ts';
import { delivering } from '../messages.ts';

/** Sandbox milliseconds: longer than a test waits in the queue, so that its start is heard of before. */
const LATE_MS = 4 * 60_000;

export const fault: DeclaredFault = {
  says: 'The bus delivers every second message four minutes late, behind those that were sent after it.',
  outcome: 'passed',
  charge: null,
  hooks: () => {
    let sent = 0;
    return delivering((message) => {
      sent += 1;
      return sent % 2 === 1 ? [{ message, delayMs: LATE_MS }] : undefined;
    });
  },
};
