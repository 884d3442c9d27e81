import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'ResultsDB is up without its database: it cannot read or store a result.',
  outcome: 'failed',
  charge: 'resultsdb',
  hooks: rules('resultsdb.database', () => 'down'),
};
