import type { DeclaredFault } from '../declared.ts';
import { endingWithout, meetsAll, TITLES, type WireSystem } from '../front-end.ts';

export function faultOf(system: WireSystem): DeclaredFault {
  return {
    says: `${TITLES[system]} closes every connection in the middle of its answer.`,
    ...endingWithout(system),
    hooks: meetsAll(system, { answer: 'cut' }),
  };
}
