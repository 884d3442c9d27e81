import type { DeclaredFault } from '../declared.ts';
import { endingWithout, meetsAll, TITLES, type WireSystem } from '../front-end.ts';

export function faultOf(system: WireSystem): DeclaredFault {
  return {
    says: `${TITLES[system]} sends only the first half of every answer, and calls it whole.`,
    ...endingWithout(system),
    hooks: meetsAll(system, {
      alter: (answer) => ({ ...answer, body: answer.body.slice(0, Math.floor(answer.body.length / 2)) }),
    }),
  };
}
