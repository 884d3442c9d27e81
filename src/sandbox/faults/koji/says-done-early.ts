import { callsOf, retells } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

const UNFINISHED = /(<name>state<\/name>\s*<value>\s*<int>)[014](<\/int>)/g;
const CREATED = /<name>create_ts<\/name>\s*<value>\s*<double>([\d.]+)</;
const NOT_ENDED = /(<name>completion_ts<\/name>\s*<value>)\s*<nil\s*\/>\s*(<\/value>)/g;

export const fault: DeclaredFault = {
  says: 'The Koji hub calls a task closed as soon as it exists, while its build goes on.',
  outcome: 'failed',
  charge: 'koji',
  hooks: retells(
    'koji',
    (request) => callsOf(request).includes('getTaskInfo'),
    (body) => {
      const [, created = '0'] = CREATED.exec(body) ?? [];
      return body.replace(UNFINISHED, '$12$2').replace(NOT_ENDED, `$1<double>${created}</double>$2`);
    },
  ),
};
