import type { DeclaredFault } from '../declared.ts';
import { answersAll, endingWithout, PAGES_500, TITLES, type WireSystem } from '../front-end.ts';

export function faultOf(system: WireSystem): DeclaredFault {
  return {
    says: `${TITLES[system]} answers every request with HTTP 500.`,
    ...endingWithout(system),
    hooks: answersAll(system, PAGES_500[system]),
  };
}
