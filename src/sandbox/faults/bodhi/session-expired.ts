import { CSRF_TEXT } from '../../bodhi/login.ts';
import { answers, bodhiRefusal } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

const REFUSAL = bodhiRefusal(400, 'csrf_token', CSRF_TEXT);

export const fault: DeclaredFault = {
  says: 'Bodhi forgets each session at once: no CSRF token matches, and nothing can be changed.',
  outcome: 'failed',
  charge: 'bodhi',
  hooks: answers('bodhi', ({ method }) => method === 'POST', REFUSAL),
};
