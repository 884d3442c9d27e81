import type { Message } from '../../kit/kit.ts';
import type { DeclaredFault } from '../declared.ts';

const QUEUED = /\.test\.queued$/;

/** The test runs all the same and ends as it would have; who only reads the messages sees the best of it twice. */
export const fault: DeclaredFault = {
  says: 'CI says that a test is complete and has passed in the moment in which it is queued.',
  outcome: 'passed',
  charge: null,
  hooks: {
    publish: (message) =>
      QUEUED.test(message.topic)
        ? [
            { message, delayMs: 0 },
            { message: completed(message), delayMs: 1000 },
          ]
        : [{ message, delayMs: 0 }],
  },
};

function completed(message: Message): Message {
  const test = message.body['test'] as Readonly<Record<string, unknown>>;
  return {
    ...message,
    id: `${message.id.slice(0, -4)}0000`,
    topic: message.topic.replace(QUEUED, '.test.complete'),
    body: { ...message.body, test: { ...test, result: 'passed' }, system: [], note: '' },
  };
}
