import type { DeclaredFault } from '../declared.ts';
import { answersAll } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The Koji hub cuts every connection without an answer.',
  outcome: 'failed',
  charge: 'koji',
  hooks: answersAll('koji', 'drop'),
};
