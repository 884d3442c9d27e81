import { generic } from '../faults.ts';
import { BUILD, type Hub, lineage, lookupTag, mustFindTag, mustFindUser, type Tag } from '../hub.ts';
import { type Methods, read } from '../method.ts';
import { page } from '../query.ts';
import { flag } from '../sessions.ts';
import { plainText, type Struct, type Value } from '../value.ts';

interface Group {
  readonly name: string;
  readonly packages: readonly string[];
}

/** What mock installs before it builds, as Fedora's build tags say it. */
const GROUPS: readonly Group[] = [
  {
    name: 'build',
    packages: [
      ...['bash', 'bzip2', 'coreutils', 'cpio', 'diffutils', 'fedora-release-common', 'findutils', 'gawk'],
      ...['glibc-minimal-langpack', 'grep', 'gzip', 'info', 'patch', 'redhat-rpm-config', 'rpm-build', 'sed'],
      ...['shadow-utils', 'tar', 'unzip', 'util-linux', 'which', 'xz'],
    ],
  },
  {
    name: 'srpm-build',
    packages: [
      ...['bash', 'fedora-release', 'fedpkg-minimal', 'git', 'glibc-minimal-langpack', 'gnupg2'],
      ...['redhat-rpm-config', 'rpm-build', 'shadow-utils'],
    ],
  },
];

/** The build tag of a release in this line, which alone has groups of its own. */
function tagWithGroups(hub: Hub, tags: readonly Tag[]): Tag | undefined {
  const names = new Set(hub.kit.world.releases.map(({ build_tag }) => build_tag));
  return tags.find(({ name }) => names.has(name));
}

function groupsOf(
  hub: Hub,
  asked: Tag,
  { inherit, pkgs }: { readonly inherit: boolean; readonly pkgs: boolean },
) {
  const tag = tagWithGroups(hub, inherit ? lineage(hub, asked) : [asked]);
  if (tag === undefined) return [];
  return GROUPS.map(({ name, packages }, index): Struct => {
    const group = { group_id: index + 1, tag_id: tag.id, blocked: false };
    return {
      ...group,
      name,
      display_name: name,
      description: null,
      biarchonly: false,
      exported: true,
      is_default: null,
      langonly: null,
      uservisible: true,
      grouplist: [],
      packagelist: pkgs
        ? packages.map((one) => ({
            ...group,
            package: one,
            basearchonly: null,
            requires: null,
            type: 'mandatory',
          }))
        : [],
    };
  });
}

/** Complete builds that are in no tag. */
function untagged(hub: Hub, name: Value): readonly Struct[] {
  const tagged = new Set(hub.taggings.filter(({ revoked }) => revoked === null).map(({ build }) => build));
  return hub.builds
    .filter((build) => build.state === BUILD.complete && !tagged.has(build))
    .filter((build) => name === null || build.name === name)
    .map((build) => ({ id: build.id, name: build.name, version: build.version, release: build.release }));
}

const VOLUMES: readonly Struct[] = [{ id: 0, name: 'DEFAULT' }];

const BUILD_TYPES = ['rpm', 'maven', 'win', 'image'];

/** What a hub lists beside builds, tasks and tags: groups, volumes, types. Repos of others and content generators there are none. */
export const catalogMethods: Methods = {
  getTagGroups: read(
    'readTagGroups(tag, event=None, inherit=True, incl_pkgs=True, incl_reqs=True, incl_blocked=False)',
    ({ tag = null, event = null, inherit = true, incl_pkgs = true }, { hub }) => {
      const found = mustFindTag(hub, tag, typeof event === 'number' ? event : null);
      return groupsOf(hub, found, { inherit: flag(inherit), pkgs: flag(incl_pkgs) });
    },
  ),
  untaggedBuilds: read(
    'untagged_builds(name=None, queryOpts=None, draft=None)',
    ({ name = null, queryOpts = null, draft = null }, { hub }) =>
      page(draft === true ? [] : untagged(hub, name), queryOpts),
  ),
  getUserPermsInheritance: read(
    'RootExports.getUserPermsInheritance(userID, with_groups=True)',
    ({ userID = null }, { hub }) =>
      // A list of the groups that gave it; one that is the user's own came from none.
      Object.fromEntries([...mustFindUser(hub, userID).perms].map((perm) => [perm, [null]])),
  ),
  getUserGroups: read('get_user_groups(user)', ({ user = null }, { hub }) => {
    mustFindUser(hub, user);
    return [];
  }),
  getGroupMembers: read('get_group_members(group)', ({ group = null }, { hub }) => {
    mustFindUser(hub, group);
    throw generic(`Not a group: ${plainText(group)}`);
  }),
  listVolumes: read('list_volumes()', () => VOLUMES),
  getVolume: read('RootExports.getVolume(volume, strict=False)', ({ volume = null, strict }) => {
    const found = VOLUMES.find(({ id, name }) => volume === id || volume === name);
    if (found === undefined && flag(strict))
      throw generic(`No such entry in table volume: ${plainText(volume)}`);
    return found ?? null;
  }),
  listBTypes: read('list_btypes(query=None, queryOpts=None)', ({ query = null, queryOpts = null }) => {
    const rows = BUILD_TYPES.map((name, index): Struct => ({ id: index + 1, name }));
    const key = typeof query === 'object' && query !== null ? Object.entries(query)[0] : undefined;
    return page(key === undefined ? rows : rows.filter((row) => row[key[0]] === key[1]), queryOpts);
  }),
  listCGs: read('list_cgs()', () => ({})),
  getAllArches: read('RootExports.getAllArches()', (_args, { hub }) => [
    ...new Set(hub.hosts.flatMap(({ arches }) => [...arches])),
  ]),
  listExternalRepos: read(
    'get_external_repos(info=None, url=None, event=None, queryOpts=None)',
    ({ queryOpts = null }) => page([], queryOpts),
  ),
  getExternalRepo: read('get_external_repo(info, strict=False, event=None)', ({ info = null, strict }) => {
    if (flag(strict)) throw generic(`No such repo: ${plainText(info)}`);
    return null;
  }),
  getTagExternalRepos: read(
    'get_tag_external_repos(tag_info=None, repo_info=None, event=None)',
    ({ tag_info = null }, { hub }) => {
      if (tag_info !== null) lookupTag(hub, tag_info);
      return [];
    },
  ),
  getExternalRepoList: read(
    'get_external_repo_list(tag_info, event=None)',
    ({ tag_info = null }, { hub }) => {
      mustFindTag(hub, tag_info);
      return [];
    },
  ),
  mavenEnabled: read('RootExports.mavenEnabled()', () => false),
  winEnabled: read('RootExports.winEnabled()', () => false),
};
