import { expect, test } from 'vitest';
import { commitOf, hubWith, specOf, until } from './hub.ts';

const PKG = 'dummy-test-package-gloster';
const COMMIT = '1'.repeat(40);

test.each([
  ['f43-candidate', '43'],
  ['f44-candidate', '44'],
])('a build for %s has the packages of Fedora %s in its buildroot', async (target, release) => {
  await using hub = await hubWith({ files: commitOf(PKG, COMMIT, specOf(PKG)), speed: 20_000 });
  const session = await hub.login('packprobe', 'sandbox');
  const source = `git+http://127.0.0.1:1/rpms/${PKG}.git#${COMMIT}`;
  const build = await hub.call('build', [source, target, {}], session);
  const [arch] = await until(async () => {
    const { state } = (await hub.call('getTaskInfo', [build])) as { readonly state: number };
    if (state !== 2) return undefined;
    const children = (await hub.call('getTaskChildren', [build])) as { id: number; method: string }[];
    return children.filter(({ method }) => method === 'buildArch');
  });
  const log = String(await hub.call('downloadTaskOutput', [arch?.id ?? null, 'installed_pkgs.log']));
  const packages = Buffer.from(log, 'base64').toString().trim().split('\n');
  const dists = new Set(packages.map((line) => /(\.fc\d+)?\.\w+ \d/.exec(line)?.[1]));
  expect(dists).toEqual(new Set([`.fc${release}`, undefined]));
  expect(packages.find((line) => line.startsWith('fedora-release'))).toContain(`common-${release}-0.12.`);
});
