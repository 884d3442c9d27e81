import type { DeclaredFault } from '../declared.ts';
import { answersAll, endingWithout, TITLES, type WireSystem } from '../front-end.ts';

const REFUSAL = {
  status: 429,
  contentType: 'text/html',
  body: '<html><body><h1>429 Too Many Requests</h1>\nYou have sent too many requests in a given amount of time.\n</body></html>\n',
  headers: { 'retry-after': '60' },
} as const;

export function faultOf(system: WireSystem): DeclaredFault {
  return {
    says: `${TITLES[system]} takes us for too eager: every request is answered with HTTP 429.`,
    ...endingWithout(system),
    hooks: answersAll(system, REFUSAL),
  };
}
