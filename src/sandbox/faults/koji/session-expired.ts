import { answers, hubFault } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

export const fault: DeclaredFault = {
  says: 'The Koji hub takes every session for expired as soon as it is used to build something.',
  outcome: 'failed',
  charge: 'koji',
  hooks: answers('koji', ({ call }) => call === 'build', hubFault('expired', 'session "1" has expired')),
};
