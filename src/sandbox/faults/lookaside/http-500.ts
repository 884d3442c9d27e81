import type { DeclaredFault } from '../declared.ts';
import { APACHE_500, answersAll } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The lookaside cache answers every request with HTTP 500.',
  outcome: 'failed',
  charge: 'lookaside',
  hooks: answersAll('lookaside', APACHE_500),
};
