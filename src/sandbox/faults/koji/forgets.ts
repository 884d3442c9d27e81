import type { Value } from '../../koji/value.ts';
import { encodeResponse } from '../../koji/xmlrpc.ts';
import { callsOf, meets } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

/** What a hub says of a task that it does not know. */
const UNKNOWN: Readonly<Record<string, Value>> = { getTaskInfo: null, getTaskDescendents: {} };

export const fault: DeclaredFault = {
  says: 'The Koji hub takes a build and forgets its task: whoever asks hears of none.',
  outcome: 'failed',
  charge: 'koji',
  hooks: meets(
    'koji',
    (request) => {
      const calls = callsOf(request);
      return calls.length > 0 && calls.every((call) => call in UNKNOWN);
    },
    (request) => {
      const answers = callsOf(request).map((call) => UNKNOWN[call] ?? null);
      const value = request.call === 'multiCall' ? answers.map((answer) => [answer]) : (answers[0] ?? null);
      return { answer: { status: 200, contentType: 'text/xml', body: encodeResponse(value) } };
    },
  ),
};
