import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { kojiProfile } from './koji-profile.ts';
import { type Outcome, type Place, type RecordedCase, type RecordedRequest, replay } from './replay.ts';

/** A line of the recordings of a real hub: an exchange, or what the real command then said. */
interface Line {
  readonly note?: string;
  readonly request?: { readonly path: string; readonly body: unknown };
  readonly response?: { readonly status: number; readonly body: unknown };
  readonly cli?: {
    readonly args: readonly string[];
    readonly exit: number;
    readonly stdout: string;
    readonly stderr: string;
  };
}

/** Its content is not known, its size is. */
const SRPM = Buffer.alloc(6628, 'x');
const SRPM_SUM = 'd88a2395';

/** The commands of a file with the exchanges of each; the recorder's own calls between them are left out. */
function commandsIn(name: string): readonly (readonly [string, RecordedCase])[] {
  const file = new URL(`../../fixtures/recorded/koji/${name}.jsonl`, import.meta.url);
  const lines = readFileSync(file, 'utf8').replaceAll(':23001', ':21011').trimEnd().split('\n').slice(1);
  const cases: (readonly [string, RecordedCase])[] = [];
  let requests: RecordedRequest[] = [];
  for (const line of lines.map((text) => JSON.parse(text) as Line)) {
    if (line.note?.startsWith('first call of: koji ')) requests = [];
    if (line.request !== undefined) requests.push(requestOf(line));
    if (line.cli === undefined) continue;
    const { args, ...said } = line.cli;
    // The recorder logged in for what needs it; `call` would do so for everything.
    const login = args[0] === 'call' ? ['--noauth'] : ['--user', 'alice', '--password', 'alice-pw'];
    const command = ['koji', ...login, ...args];
    const words = args.join(' ');
    cases.push([
      words,
      { client: 'koji', version: '1.36.1', case: words, command, env: {}, requests, ...said },
    ]);
  }
  return cases;
}

function requestOf({ request, response }: Line): RecordedRequest {
  const { path = '', body } = request ?? {};
  const given = response?.body as Record<string, unknown> | null;
  const fault = given !== null && typeof given === 'object' && 'faultCode' in given;
  const answer = fault ? { fault: [given['faultCode'], given['faultString']] } : { result: given };
  const isUpload = path.includes('?filename=');
  const { method: call, params } = (isUpload ? {} : body) as Record<string, unknown>;
  return {
    server: 'hub',
    method: 'POST',
    path,
    headers: {},
    body: isUpload ? 'BYTES' : { call, params },
    response: { status: response?.status ?? 0, body: answer },
  };
}

const CASES = ['cli-build', 'cli-reads', 'cli-upload']
  .flatMap(commandsIn)
  // Of this one only the end was written down; before `version` the recorder looked whether its login is good.
  .filter(([words]) => words !== 'hello')
  .map(([words, recorded]): readonly [string, RecordedCase] =>
    words === 'version'
      ? [words, { ...recorded, requests: recorded.requests?.slice(4) ?? [] }]
      : [words, recorded],
  );

beforeEach(() => {
  vi.stubEnv('TZ', 'UTC');
});

async function prepare({ dir, home, server }: Place) {
  const profile = kojiProfile({ server: `http://${server}`, web: server, more: 'authtype = password\n' });
  await mkdir(join(home, '.koji'), { recursive: true });
  await writeFile(join(home, '.koji', 'config'), profile);
  await writeFile(join(dir, 'hello-1-7.fc44.src.rpm'), SRPM);
  return { cwd: dir };
}

/** Sessions were not written down. */
function plain({ requests, ...said }: Outcome): unknown {
  const text = JSON.stringify(requests, (key, value: unknown) => (key === 'headers' ? undefined : value));
  return { ...said, requests: JSON.parse(text) as unknown };
}

describe('koji 1.36.1 with a real hub', () => {
  test.each(CASES)('%s is answered and asked as by the real client', async (_, recorded) => {
    const { expected, actual, readings } = await replay(recorded, { prepare, uploadSum: SRPM_SUM });
    expect(plain(actual)).toEqual(plain(expected));
    expect(readings.actual).toBe(readings.expected);
  });
});
