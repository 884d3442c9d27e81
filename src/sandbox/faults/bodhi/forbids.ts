import { answers, bodhiRefusal } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

const REFUSAL = bodhiRefusal(403, 'HTTPForbidden', 'Unauthorized: new_update__POST failed permission check');

export const fault: DeclaredFault = {
  says: 'Bodhi lets us log in and forbids us to create an update.',
  outcome: 'failed',
  charge: 'bodhi',
  hooks: answers('bodhi', ({ call }) => call === 'POST /updates/', REFUSAL),
};
