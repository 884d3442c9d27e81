import type { Message } from '../../kit/kit.ts';
import type { DeclaredFault } from '../declared.ts';
import { delivering } from '../messages.ts';

/** Milliseconds. */
const AHEAD_MS = 10 * 60_000;

export const fault: DeclaredFault = {
  says: 'Every message says that it was sent ten minutes later than it was.',
  outcome: 'passed',
  charge: null,
  hooks: delivering((message) => [{ message: ahead(message), delayMs: 0 }]),
};

function ahead(message: Message): Message {
  const sentAt = message.sentAt + AHEAD_MS;
  const stamp = new Date(sentAt).toISOString().replace(/\.\d+Z$/, '+00:00');
  return { ...message, sentAt, headers: { ...message.headers, 'sent-at': stamp } };
}
