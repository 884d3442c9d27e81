import { APACHE_401, answers } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

export const fault: DeclaredFault = {
  says: 'The lookaside cache refuses every upload with HTTP 401, though the ticket is valid.',
  outcome: 'failed',
  charge: 'lookaside',
  hooks: answers('lookaside', ({ call }) => call === 'upload', APACHE_401),
};
