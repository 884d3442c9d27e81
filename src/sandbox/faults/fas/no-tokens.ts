import { answers } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';
import { APACHE_500 } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The identity provider lets us in and then breaks where it should hand out the token.',
  outcome: 'failed',
  charge: 'fas',
  hooks: answers('fas', ({ path }) => path.startsWith('/openidc/Token'), APACHE_500),
};
