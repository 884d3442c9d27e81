import type { DeclaredFault } from '../declared.ts';

const REFUSAL = {
  status: 502,
  contentType: 'application/json',
  body: JSON.stringify({ message: 'Timeout talking to the upstream' }),
} as const;

export const fault: DeclaredFault = {
  says: 'Greenwave answers, and cannot decide: every question for a decision ends in HTTP 502.',
  outcome: 'failed',
  charge: 'greenwave',
  hooks: {
    wire: (system, { path }) =>
      system === 'greenwave' && path.startsWith('/api/v1.0/decision') ? { answer: REFUSAL } : undefined,
  },
};
