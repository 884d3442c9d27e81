import type { DeclaredFault } from '../declared.ts';
import { answersAll, GUNICORN_500 } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Greenwave answers every request with HTTP 500: nobody gets a decision, Bodhi neither.',
  outcome: 'failed',
  charge: 'greenwave',
  hooks: answersAll('greenwave', GUNICORN_500),
};
