import type { DeclaredFault } from '../declared.ts';
import { answersAll, endingWithout, TITLES, type WireSystem } from '../front-end.ts';

export function faultOf(system: WireSystem): DeclaredFault {
  return {
    says: `${TITLES[system]} takes every request and never answers it.`,
    ...endingWithout(system),
    hooks: answersAll(system, 'hang'),
  };
}
