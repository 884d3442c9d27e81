import type { DeclaredFault } from '../declared.ts';
import { losing } from '../messages.ts';

export const fault: DeclaredFault = {
  says: 'The bus loses what ResultsDB says of results: Bodhi finds them at the full hour.',
  outcome: 'passed',
  charge: null,
  hooks: losing((topic) => topic.endsWith('.resultsdb.result.new')),
};
