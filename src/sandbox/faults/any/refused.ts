import type { DeclaredFault } from '../declared.ts';
import { endingWithout, TITLES, type WireSystem } from '../front-end.ts';

export function faultOf(system: WireSystem): DeclaredFault {
  return {
    says: `${TITLES[system]} is down: nobody listens at its port.`,
    ...endingWithout(system),
    hooks: { refuses: (asked) => (asked === system ? true : undefined) },
  };
}
