import type { Answer } from '../../kit/kit.ts';
import { bodhiRefusal, inJson, meets } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

const UNKNOWN = bodhiRefusal(404, 'id', 'Invalid update id');

/** Sandbox milliseconds: shorter than any test of CI, so that nobody sees the gate open. */
const LIFE_MS = 5 * 60_000;

const NONE = { updates: [], total: 0, pages: 0, page: 1 };

export const fault: DeclaredFault = {
  says: 'Bodhi creates an update, tells of it for five minutes, and then knows none of that name.',
  outcome: 'failed',
  charge: 'bodhi',
  hooks({ clock }) {
    let forgotten = Number.POSITIVE_INFINITY;
    const forget = inJson((page) => ({ ...page, ...NONE }));
    const remember = (answer: Answer) => {
      if (answer.body.includes('"alias"')) forgotten = Math.min(forgotten, clock.now() + LIFE_MS);
      if (clock.now() < forgotten) return answer;
      return { ...answer, body: forget(answer.body) };
    };
    return meets(
      'bodhi',
      ({ method, path }) => method === 'GET' && path.startsWith('/updates/'),
      ({ path }) =>
        path.startsWith('/updates/?') || clock.now() < forgotten ? { alter: remember } : { answer: UNKNOWN },
    );
  },
};
