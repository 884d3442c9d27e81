import { retells } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

export const fault: DeclaredFault = {
  says: 'ResultsDB has every test as failed, also those that have passed by what CI says.',
  outcome: 'failed',
  charge: 'resultsdb',
  hooks: retells(
    'resultsdb',
    ({ method, path }) => method === 'GET' && path.startsWith('/api/v2.0/results'),
    (body) => body.replaceAll(/("outcome": ?)"PASSED"/g, '$1"FAILED"'),
  ),
};
