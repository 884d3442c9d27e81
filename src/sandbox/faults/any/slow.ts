import type { DeclaredFault } from '../declared.ts';
import { meetsAll, TITLES, type WireSystem } from '../front-end.ts';

/** Sandbox milliseconds. */
const DELAY_MS = 90_000;

export function faultOf(system: WireSystem): DeclaredFault {
  return {
    says: `${TITLES[system]} needs a minute and a half for every answer.`,
    outcome: 'passed',
    charge: null,
    hooks: meetsAll(system, { delayMs: DELAY_MS }),
  };
}
