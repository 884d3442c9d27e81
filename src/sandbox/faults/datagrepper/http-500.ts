import type { DeclaredFault } from '../declared.ts';
import { answersAll, GUNICORN_500 } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Datagrepper answers every request with HTTP 500: what only messages tell is not heard.',
  outcome: 'passed',
  charge: null,
  hooks: answersAll('datagrepper', GUNICORN_500),
};
