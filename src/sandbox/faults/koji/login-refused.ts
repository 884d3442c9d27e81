import type { WireRequest } from '../../kit/kit.ts';
import { APACHE_401, hubFault, meets } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

const REFUSED = hubFault('auth', 'invalid username or password');

const isLogin = ({ call }: WireRequest) => call === 'login' || call === 'sslLogin';

export const fault: DeclaredFault = {
  says: 'The Koji hub refuses every login, though the ticket is valid.',
  outcome: 'failed',
  charge: 'koji',
  // A login by ticket is refused by the web server, one by password by the hub.
  hooks: meets('koji', isLogin, ({ path }) => ({
    answer: path.includes('ssllogin') ? APACHE_401 : REFUSED,
  })),
};
