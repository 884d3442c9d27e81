import { retells } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

/** A run asks for the gate when all before it has come: by then the lie is true, but it has been seen. */
export const fault: DeclaredFault = {
  says: 'Bodhi says that gating has passed while tests are still waited for.',
  outcome: 'failed',
  charge: 'bodhi',
  hooks: retells(
    'bodhi',
    ({ method, path }) => method === 'GET' && path.startsWith('/updates/'),
    (body) => body.replace(/("test_gating_status": ?)"(?:waiting|running|queued)"/g, '$1"passed"'),
  ),
};
