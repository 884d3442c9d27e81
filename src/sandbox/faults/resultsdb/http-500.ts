import type { DeclaredFault } from '../declared.ts';
import { answersAll } from '../front-end.ts';

/** Its own words for everything that goes wrong inside, such as a database that is down. */
const RESULTSDB_500 = {
  status: 500,
  contentType: 'application/json',
  body: '{"message": "Internal Server Error"}\n',
} as const;

export const fault: DeclaredFault = {
  says: 'ResultsDB answers every request with HTTP 500: it stores no result and shows none.',
  outcome: 'failed',
  charge: 'resultsdb',
  hooks: answersAll('resultsdb', RESULTSDB_500),
};
