import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The result of every test is lost on its way into ResultsDB, where it runs for ever.',
  outcome: 'failed',
  charge: 'resultsdb',
  hooks: rules('resultsdb.listen', () => 'never-final'),
};
