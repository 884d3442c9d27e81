import type { DeclaredFault } from '../declared.ts';
import { answersAll, WAITRESS_500 } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Bodhi answers every request with HTTP 500.',
  outcome: 'failed',
  charge: 'bodhi',
  hooks: answersAll('bodhi', WAITRESS_500),
};
