import { bodhiRefusal, meets } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

const REFUSAL = bodhiRefusal(
  401,
  'InvalidTokenError',
  'invalid_token: The access token provided is expired, revoked, malformed, or invalid for other reasons.',
);

export const fault: DeclaredFault = {
  says: 'Bodhi takes the first token for expired: its command logs in anew.',
  outcome: 'passed',
  charge: null,
  hooks() {
    let refused = false;
    return meets(
      'bodhi',
      ({ path }) => path.startsWith('/oidc/login-token') && !refused,
      () => {
        refused = true;
        return { answer: REFUSAL };
      },
    );
  },
};
