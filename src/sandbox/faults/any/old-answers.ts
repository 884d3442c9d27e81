import type { SandboxClock } from '../../kit/clock.ts';
import type { Answer, Hooks, WireRequest } from '../../kit/kit.ts';
import { callsOf, isText } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';
import { TITLES, type WireSystem } from '../front-end.ts';
import { dropOver } from '../kept.ts';

/** Sandbox milliseconds. */
const LIFE_MS = 10 * 60_000;

/** Who is logged in is not what a cache may tell to others. */
const READING =
  /^(?!getLoggedInUser|getSessionInfo)(get|list|query|search|find|read|count|check|resolve|download|repoInfo)/;

/** Addresses that hand out a login of their own. */
const LOGIN = /\/(oidc|csrf|openidc)\b/;

const READS: Readonly<Partial<Record<WireSystem, (request: WireRequest) => boolean>>> = {
  'dist-git': isGet,
  koji: (request) => callsOf(request).length > 0 && callsOf(request).every((call) => READING.test(call)),
  bodhi: isGet,
  resultsdb: isGet,
  greenwave: (request) => isGet(request) || request.path.endsWith('/decision'),
  waiverdb: isGet,
  datagrepper: isGet,
};

function isGet({ method, path }: WireRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && !LOGIN.test(path);
}

export function faultOf(system: WireSystem): DeclaredFault | undefined {
  const reads = READS[system];
  if (reads === undefined) return undefined;
  return {
    says: `${TITLES[system]} is behind a cache that repeats each answer to a question for ten minutes.`,
    outcome: 'passed',
    charge: null,
    hooks: ({ clock }) => cached(system, reads, clock),
  };
}

function cached(
  system: WireSystem,
  reads: (request: WireRequest) => boolean,
  clock: SandboxClock,
): Partial<Hooks> {
  const known = new Map<string, { readonly answer: Answer; readonly until: number }>();
  return {
    wire(asked, request) {
      if (asked !== system || !reads(request)) return undefined;
      const key = JSON.stringify([request.method, request.path, request.body]);
      dropOver(known, clock.now());
      const old = known.get(key);
      if (old !== undefined) return { answer: old.answer };
      return {
        alter(answer) {
          // Bytes that are no text would not come out as they went in.
          if (answer.status === 200 && (isText(answer) || /^[\0-\x7f]+$/.test(answer.body))) {
            // Two may have asked at once: the later one goes to the end.
            known.delete(key);
            known.set(key, { answer, until: clock.now() + LIFE_MS });
          }
          return answer;
        },
      };
    },
  };
}
