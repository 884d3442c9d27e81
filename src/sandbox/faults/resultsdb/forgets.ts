import { inJson, retells } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

export const fault: DeclaredFault = {
  says: 'ResultsDB takes every result and finds none when it is asked.',
  outcome: 'failed',
  charge: 'resultsdb',
  hooks: retells(
    'resultsdb',
    ({ method, path }) => method === 'GET' && path.includes('/results'),
    inJson((page) => ('data' in page ? { ...page, data: [], next: null } : page)),
  ),
};
