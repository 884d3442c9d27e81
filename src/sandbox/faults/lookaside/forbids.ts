import { answers } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

/** The upload script asks for one thing only, the group packager: what it says of that comes from the account system. */
export const fault: DeclaredFault = {
  says: 'The lookaside cache is told by the account system that we are no packagers any more (HTTP 403).',
  outcome: 'failed',
  charge: 'fas',
  hooks: answers('lookaside', ({ call }) => call === 'upload', {
    status: 403,
    contentType: 'text/plain',
    body: 'You must connect with a valid certificate and be in the packager group to upload.\n',
  }),
};
