import type { DeclaredFault } from '../declared.ts';
import { APACHE_500, answersAll } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The git server answers every request with HTTP 500.',
  outcome: 'failed',
  charge: 'dist-git',
  hooks: answersAll('dist-git', APACHE_500),
};
