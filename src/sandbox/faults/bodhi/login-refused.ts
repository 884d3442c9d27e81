import { answers, bodhiRefusal } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

const REFUSAL = bodhiRefusal(
  401,
  'InvalidTokenError',
  'invalid_token: The access token provided is expired, revoked, malformed, or invalid for other reasons.',
);

export const fault: DeclaredFault = {
  says: 'Bodhi refuses every token: its command logs in again and again, and never ends.',
  outcome: 'failed',
  charge: 'bodhi',
  hooks: answers('bodhi', ({ path }) => path.startsWith('/oidc/login-token'), REFUSAL),
};
