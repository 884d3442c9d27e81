import type { DeclaredFault } from '../declared.ts';
import { answersAll, GUNICORN_500 } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'WaiverDB answers every request with HTTP 500; nobody asks it where nothing needs a waiver.',
  outcome: 'passed',
  charge: null,
  hooks: answersAll('waiverdb', GUNICORN_500),
};
