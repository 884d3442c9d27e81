import type { DeclaredFault } from '../declared.ts';
import { meetsAll, TITLES, type WireSystem } from '../front-end.ts';

/** Sandbox milliseconds; less than what the systems allow each other. */
const DELAY_MS = 10_000;

export function faultOf(system: WireSystem): DeclaredFault {
  return {
    says: `${TITLES[system]} needs ten seconds for every answer.`,
    outcome: 'passed',
    charge: null,
    hooks: meetsAll(system, { delayMs: DELAY_MS }),
  };
}
