import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { World } from './kit/world.ts';
import { writeKeytab } from './stand-ins/krb/keytab.ts';
import { type Realm, writeRealm } from './stand-ins/krb/realm.ts';

/** Addresses of the systems, each `http://127.0.0.1:PORT`. */
export interface SandboxUrls {
  readonly 'dist-git': string;
  readonly lookaside: string;
  readonly koji: string;
  readonly resultsdb: string;
  readonly waiverdb: string;
  readonly greenwave: string;
  readonly bodhi: string;
  readonly id_provider: string;
  readonly datagrepper: string;
}

/** What the packager's commands read: absolute paths in the sandbox's folder. */
export interface ClientFiles {
  readonly keytab: string;
  /** Stands in for a KDC. */
  readonly realm: string;
  readonly fedpkgConfig: string;
}

/** Writes keytab, realm and the configuration of `fedpkg`; that of the other commands stands in a run's own home. */
export async function writeClientFiles(
  dir: string,
  world: World,
  urls: SandboxUrls,
  { skipHooks = false }: { readonly skipHooks?: boolean } = {},
): Promise<ClientFiles> {
  const files = {
    keytab: join(dir, 'packager.keytab'),
    realm: join(dir, 'realm.json'),
    fedpkgConfig: join(dir, 'fedpkg.conf'),
  };
  const realm = realmOf(world);
  const packager = realm.principals.find(({ name }) => name === `${world.packager}@${world.realm}`);
  if (packager === undefined) throw new Error(`the world has no user ${world.packager}, who is its packager`);
  writeKeytab(files.keytab, { principal: packager.name, key: packager.key });
  writeRealm(files.realm, realm);
  await writeFile(files.fedpkgConfig, fedpkgConfig(world, urls, skipHooks));
  await writeHome(dir, urls);
  return files;
}

/** The realm of the world, with a KDC that is up. */
export function realmOf(world: World): Realm {
  const principals = world.users.map((user) => ({
    name: `${user.name}@${world.realm}`,
    key: createHash('sha256').update(`${user.name}@${world.realm}\n${user.password}`).digest('hex'),
  }));
  return { realm: world.realm, principals };
}

/** A HOME for people: what a run writes into its own. */
async function writeHome(dir: string, urls: SandboxUrls): Promise<void> {
  const home = join(dir, 'home');
  await mkdir(join(home, '.koji'), { recursive: true });
  await writeFile(
    join(home, '.koji/config'),
    `[koji]\nserver = ${urls.koji}/kojihub\nweburl = ${urls.koji}/koji\ntopurl = ${urls.koji}/kojifiles\nauthtype = password\nmax_retries = 3\nretry_interval = 5\n`,
  );
  const variables = {
    PATH: `${join(dir, 'bin')}:$PATH`,
    HOME: home,
    KRB5CCNAME: `FILE:${join(home, 'krb5cc')}`,
    BODHI_URL: `${urls.bodhi}/`,
    BODHI_OPENID_PROVIDER: urls.id_provider,
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}="${value}"\n`);
  await writeFile(join(dir, 'env.sh'), lines.join(''));
}

function fedpkgConfig(world: World, urls: SandboxUrls, skipHooks: boolean): string {
  const git = `${urls['dist-git']}/%(repo)s.git`;
  return `[fedpkg]
lookaside = ${urls.lookaside}/repo/pkgs
lookasidehash = sha512
lookaside_cgi = ${urls.lookaside}/repo/pkgs/upload.cgi
gitbaseurl = ${git}
anongiturl = ${git}
branchre = f\\d$|f\\d\\d$|el\\d$|epel\\d+$|rawhide$|main$
kojiprofile = koji
build_client = koji
distgit_namespaced = True
distgit_namespaces = rpms
lookaside_namespaced = True
kerberos_realms = ${world.realm}
git_excludes =
${skipHooks ? 'skip_hooks = True\n' : ''}
[fedpkg.bodhi]
staging = False
releases_service = ${urls.bodhi}/releases/%(release)s

[fedpkg.greenwave]
url = ${urls.greenwave}

[fedpkg.distgit]
apibaseurl = ${urls['dist-git']}
`;
}
