import type { Answer, Kit } from '../../kit/kit.ts';
import type { DeclaredFault } from '../declared.ts';

/** Milliseconds. */
const LAG_MS = 10 * 60_000;

export const fault: DeclaredFault = {
  says: 'Datagrepper files every message ten minutes after it was sent.',
  outcome: 'passed',
  charge: null,
  hooks: ({ clock }) => ({
    wire: (system, { call }) =>
      system === 'datagrepper' && (call === '/v2/search' || call === '/raw')
        ? { alter: (answer) => lagging(answer, clock) }
        : undefined,
  }),
};

function lagging(answer: Answer, clock: Kit['clock']): Answer {
  if (answer.status !== 200 || !answer.contentType.startsWith('application/json')) return answer;
  const told = JSON.parse(answer.body) as {
    readonly total: number;
    readonly raw_messages: readonly { readonly headers?: { readonly 'sent-at'?: string } }[];
  };
  const filed = told.raw_messages.filter(({ headers }) => {
    const sentAt = Date.parse(headers?.['sent-at'] ?? '');
    return Number.isNaN(sentAt) || sentAt <= clock.now() - LAG_MS;
  });
  const missing = told.raw_messages.length - filed.length;
  const shown = { ...told, raw_messages: filed, total: told.total - missing, count: filed.length };
  return { ...answer, body: JSON.stringify(shown) };
}
