import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Every result is stored twice in ResultsDB.',
  outcome: 'passed',
  charge: null,
  hooks: rules('resultsdb.listen', () => 'twice'),
};
