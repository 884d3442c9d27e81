import type { DeclaredFault } from '../declared.ts';

const REFUSAL = {
  status: 500,
  contentType: 'application/json',
  body: JSON.stringify({
    status: 'error',
    errors: [
      {
        location: 'body',
        name: 'OperationalError',
        description:
          '(psycopg2.errors.ReadOnlySqlTransaction) cannot execute INSERT in a read-only transaction',
      },
    ],
  }),
} as const;

export const fault: DeclaredFault = {
  says: 'Bodhi can read its database and not write it: it refuses every new update.',
  outcome: 'failed',
  charge: 'bodhi',
  hooks: {
    wire: (system, { call }) =>
      system === 'bodhi' && call === 'POST /updates/' ? { answer: REFUSAL } : undefined,
  },
};
