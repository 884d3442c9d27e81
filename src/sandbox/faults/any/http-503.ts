import type { DeclaredFault } from '../declared.ts';
import { answersAll, endingWithout, HAPROXY_503, TITLES, type WireSystem } from '../front-end.ts';

export function faultOf(system: WireSystem): DeclaredFault {
  return {
    says: `${TITLES[system]} answers HTTP 503 and asks to come back in two minutes (Retry-After).`,
    ...endingWithout(system),
    hooks: answersAll(system, { ...HAPROXY_503, headers: { 'retry-after': '120' } }),
  };
}
