import { APACHE_401, answers } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

export const fault: DeclaredFault = {
  says: 'The identity provider refuses a valid ticket: nobody logs in at Bodhi.',
  outcome: 'failed',
  charge: 'fas',
  hooks: answers('fas', ({ path }) => path.startsWith('/openidc/Authorization'), APACHE_401),
};
