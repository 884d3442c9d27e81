import { describe, expect, test } from 'vitest';
import { assertClientsFit, chosenClients } from '../../src/cli/clients.ts';
import type { Host } from '../../src/cli/host.ts';

/** A host that has these commands; what was said on standard error is kept. */
function hostWith(names: readonly string[]) {
  const said: string[] = [];
  const host = {
    program: 'packprobe',
    stderr: { write: (text: string) => void said.push(text) },
    realClients: async () => ({
      found: Object.fromEntries(names.map((name) => [name, `/usr/bin/${name}`])),
      missing: ['koji', 'bodhi', 'fedpkg'].filter((name) => !names.includes(name)),
    }),
  } as unknown as Host;
  return { host, said };
}

const ALL = ['koji', 'bodhi', 'fedpkg'];

describe('left to itself', () => {
  test('a sandbox takes the real ones where all are installed, and says where they are', async () => {
    const { host, said } = hostWith(ALL);
    expect(await chosenClients({}, host)).toBe('real');
    expect(said).toEqual(['clients: real ones: /usr/bin/koji, /usr/bin/bodhi, /usr/bin/fedpkg\n']);
  });

  test('it takes the stand-ins where one is missing, and says which', async () => {
    const { host, said } = hostWith(['koji', 'bodhi']);
    expect(await chosenClients({ clients: 'auto' }, host)).toBe('stand-ins');
    expect(said).toEqual(['clients: stand-ins of koji, bodhi and fedpkg (not on this host: fedpkg)\n']);
  });
});

test('stand-ins are used in silence where they were asked for', async () => {
  const { host, said } = hostWith(ALL);
  expect(await chosenClients({ clients: 'stand-ins' }, host)).toBe('stand-ins');
  expect(said).toEqual([]);
});

test('real ones that are not there are a mistake of the command line, with what to do', async () => {
  const { host } = hostWith(['koji']);
  await expect(chosenClients({ clients: 'real' }, host)).rejects.toMatchObject({
    name: 'UsageError',
    message: 'there is no bodhi and no fedpkg on this host',
    hint: expect.stringContaining('npm run clients'),
  });
});

test.each([
  [{ clients: 'real', url: 'http://127.0.0.1:1' }, 'a sandbox that is joined'],
  [{ clients: 'auto', url: 'http://127.0.0.1:1' }, 'a sandbox that is joined'],
  [{ clients: 'stand-ins', env: 'fedora' }, 'is for a sandbox'],
] as const)('%o contradicts itself', (options, text) => {
  expect(() => assertClientsFit(options, hostWith(ALL).host)).toThrow(text);
});

test.each([
  {},
  { url: 'http://127.0.0.1:1' },
  { env: 'fedora' },
  { env: 'sandbox', clients: 'real' as const },
])('%o does not', (options) => {
  expect(() => assertClientsFit(options, hostWith(ALL).host)).not.toThrow();
});
