import type { DeclaredFault } from '../declared.ts';
import { APACHE_500, answersAll } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The Koji hub answers every request with HTTP 500.',
  outcome: 'failed',
  charge: 'koji',
  hooks: answersAll('koji', APACHE_500),
};
