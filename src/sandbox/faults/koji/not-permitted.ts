import { answers, hubFault } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

const REFUSED = hubFault('notAllowed', 'policy violation (build_rpm)');

export const fault: DeclaredFault = {
  says: 'A policy of the Koji hub forbids every build.',
  outcome: 'failed',
  charge: 'koji',
  hooks: answers('koji', ({ call }) => call === 'build', REFUSED),
};
